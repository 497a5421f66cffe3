package health

import (
	"net/http"
	"strconv"
	"time"

	"aztray/assets"
	"aztray/internal/agent"
)

// health answers GET /health and /v1/health; ?auto_fix=true renews first where that is of use.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	fix, err := flag(r, "auto_fix")
	if err != nil {
		refuse(w, http.StatusBadRequest, "auto_fix is true or false.")
		return
	}
	wait, err := waitFor(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	snap, _ := s.now.get()
	if !fix {
		s.report(w, snap, renewal(snap), 0)
		return
	}
	if good(snap) {
		s.report(w, snap, &Renewal{State: NotNeeded}, 0)
		return
	}
	patient(w, wait)
	snap, done := s.renew(r.Context(), "", wait)
	code := 0
	if done.State == Limited {
		code = http.StatusTooManyRequests
	}
	s.report(w, snap, done, code)
}

// authRenew answers POST /auth-renew: a renewal on demand, whether or not it is due.
func (s *Server) authRenew(w http.ResponseWriter, r *http.Request) {
	tenant := r.URL.Query().Get("tenant_id")
	if tenant != "" && !tenantForm.MatchString(tenant) {
		refuse(w, http.StatusBadRequest, "tenant_id is a tenant's id or domain.")
		return
	}
	wait, err := waitFor(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	patient(w, wait)
	snap, done := s.renew(r.Context(), tenant, wait)
	code := map[RenewalState]int{Succeeded: http.StatusOK, Running: http.StatusAccepted, Failed: http.StatusServiceUnavailable,
		Limited: http.StatusTooManyRequests}[done.State]
	s.report(w, snap, done, code)
}

// report writes the report with what it has to say of a renewal. Code 0 is the one of its status.
func (s *Server) report(w http.ResponseWriter, snap agent.Snapshot, done *Renewal, code int) {
	rep := newReport(snap, time.Now().UTC())
	rep.Version, rep.Uptime = s.o.Version, int(time.Since(s.started).Seconds())
	rep.Components.AzureAuth.Details.Renewal = done
	if done != nil && done.State == Limited {
		w.Header().Set("Retry-After", strconv.Itoa(done.RetryIn))
	}
	if code == 0 {
		code = rep.Status.code()
	}
	answer(w, code, rep)
}

// patient lets an answer take as long as it was told to wait.
func patient(w http.ResponseWriter, wait time.Duration) {
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait + writeWithin))
}

// flag reads a parameter that is true or false; false when it is not there.
func flag(r *http.Request, name string) (bool, error) {
	v := r.URL.Query().Get(name)
	if v == "" {
		return false, nil
	}
	return strconv.ParseBool(v)
}

// openAPI gives the description of all this.
func openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(assets.OpenAPI)
}
