package health

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

// metrics answers GET /metrics with what the newest snapshot says: nothing is counted here.
func (s *Server) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collector{s})
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{ErrorLog: nil, DisableCompression: true})
}

type collector struct{ *Server }

var (
	descUp        = prometheus.NewDesc("aztray_build_info", "1, with the version of aztray.", []string{"version"}, nil)
	descLevel     = prometheus.NewDesc("aztray_level", "1 for the level at which the sign-in stands, 0 for the others.", []string{"level"}, nil)
	descDeadline  = prometheus.NewDesc("aztray_deadline_seconds", "Seconds until a person must act; absent while no end is known.", nil, nil)
	descToken     = prometheus.NewDesc("aztray_access_token_expiry_seconds", "Seconds until the access token ends, which is renewed before; absent while there is none.", nil, nil)
	descRenewals  = prometheus.NewDesc("aztray_renewals_total", "Renewals of the token since the start, by way and outcome.", []string{"way", "outcome"}, nil)
	descDeliver   = prometheus.NewDesc("aztray_delivery_duration_seconds", "How long deliveries to containers took since the start, by outcome.", []string{"outcome"}, nil)
	descDelivered = prometheus.NewDesc("aztray_deliveries_total", "Deliveries to containers since the start, by outcome.", []string{"outcome"}, nil)
	descBoxes     = prometheus.NewDesc("aztray_containers", "Covered containers by state.", []string{"state"}, nil)
)

// Describe and Collect make it a prometheus.Collector.
func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descUp, descLevel, descDeadline, descToken, descRenewals, descDeliver, descDelivered, descBoxes} {
		to <- d
	}
}

func (c collector) Collect(to chan<- prometheus.Metric) {
	s, _ := c.now.get()
	now := time.Now()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(descUp, 1, c.o.Version)
	for l := auth.Unknown; l <= auth.Renewing; l++ {
		on := 0.0
		if l == s.Level {
			on = 1
		}
		gauge(descLevel, on, l.String())
	}
	for desc, t := range map[*prometheus.Desc]time.Time{descDeadline: s.Deadline, descToken: s.TokenExpires} {
		if !t.IsZero() {
			gauge(desc, t.Sub(now).Seconds())
		}
	}
	for state, n := range byState(s) {
		gauge(descBoxes, n, string(state))
	}
	for by, n := range s.Past.Renewals {
		to <- prometheus.MustNewConstMetric(descRenewals, prometheus.CounterValue, float64(n), by.Way, by.Outcome)
	}
	for state, d := range s.Past.Deliveries {
		to <- prometheus.MustNewConstMetric(descDelivered, prometheus.CounterValue, float64(d.Count), string(state))
		within := map[float64]uint64{}
		for i, bound := range agent.DeliveryBuckets {
			within[bound] = d.Within[i]
		}
		to <- prometheus.MustNewConstHistogram(descDeliver, d.Count, d.Seconds, within, string(state))
	}
}

// byState counts the containers; a state that none is in counts 0, so that a graph has no gaps.
func byState(s agent.Snapshot) map[containers.State]float64 {
	n := map[containers.State]float64{containers.Fresh: 0, containers.Stale: 0, containers.Missing: 0, containers.Shared: 0,
		containers.OwnSignIn: 0, containers.Unwritable: 0, containers.Unreachable: 0, containers.Failed: 0}
	for _, c := range s.Containers {
		n[c.State]++
	}
	return n
}
