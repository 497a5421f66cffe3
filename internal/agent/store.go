package agent

import (
	"encoding/json"
	"maps"
	"os"
	"time"

	"aztray/internal/auth"
)

// Memory is what outlives a run: learnt facts, never a token.
type Memory struct {
	Tenants []auth.Tenant      `json:"tenants"`
	Signs   map[string]History `json:"sign_ins"`         // by tenant id
	Chosen  string             `json:"chosen,omitempty"` // the tenant picked where az does not follow
	Served  map[string]Served  `json:"served,omitempty"` // by container id: what the identity endpoint gave last
	Past    []Moment           `json:"past,omitempty"`   // oldest first
	Skew    time.Duration      `json:"skew,omitempty"`   // our clock minus Entra's, to the minute

	Holding map[string]*Holding `json:"holding,omitempty"` // by container id
}

// History is what is known of the sign-in in one tenant.
type History struct {
	SignedInAt time.Time   `json:"signed_in_at"`
	Policy     auth.Policy `json:"policy"`
}

// memory is what is to outlive the run. It shares nothing that is written to later.
func (s *state) memory() Memory {
	m := Memory{Tenants: s.tenants, Signs: map[string]History{}, Served: maps.Clone(s.served), Past: s.past.moments, Holding: s.holding(), Skew: s.skew.Round(time.Minute)}
	if s.set.Stay {
		m.Chosen = s.chosen
	}
	for tenant, g := range s.signs {
		if h := (History{g.signedInAt, g.policy}); h != (History{}) {
			m.Signs[tenant] = h
		}
	}
	return m
}

// Recall reads what a run has kept in its state file; nothing where there is no such file.
func Recall(stateFile string) Memory {
	var m Memory
	b, err := os.ReadFile(stateFile)
	if err != nil || json.Unmarshal(b, &m) != nil {
		return Memory{}
	}
	return m
}

// load takes up what an earlier run learnt; a file that cannot be read is as none.
func (s *state) load() {
	m := Recall(s.set.StateFile)
	s.tenants, s.skew = m.Tenants, m.Skew
	s.recallHolding(m.Holding, time.Now())
	maps.Copy(s.served, keptAsked(m.Served, time.Now()))
	s.past.recall(m.Past, time.Now().UTC())
	if s.set.Stay {
		s.chosen = m.Chosen
	}
	for tenant, h := range m.Signs {
		s.sign(tenant).signedInAt, s.sign(tenant).policy = h.SignedInAt, h.Policy
	}
}
