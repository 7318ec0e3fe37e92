// Package metrics holds the figures that operators watch, for Prometheus. The
// rooms tell it what happened through interfaces of their own and know nothing
// of it; only mains join them. A label is the name of an enumeration or the
// pattern of a route: no id, no name and nothing that a browser could word is
// one, so that the number of series is bounded and none is about anybody.
package metrics

import (
	"database/sql"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"unireg/record"
	"unireg/storage"
	"unireg/web"
	"unireg/worker"
	"unireg/workflows"
)

// Metrics are the figures of one process.
type Metrics struct {
	registry *prometheus.Registry

	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec
	security       *prometheus.CounterVec
	accepted       *prometheus.CounterVec
	applied        *prometheus.CounterVec
	refused        *prometheus.CounterVec
	uploads        prometheus.Counter
	uploadBytes    prometheus.Counter
	rings          *prometheus.CounterVec
	ringSeconds    *prometheus.HistogramVec
	breaker        prometheus.Gauge
	rounds         *prometheus.CounterVec
	roundSeconds   *prometheus.HistogramVec
	lastRound      *prometheus.GaugeVec
	reconciled     *prometheus.CounterVec
	scans          *prometheus.CounterVec
	letters        *prometheus.CounterVec
}

// Rooms tell their figures to Metrics.
var (
	_ storage.Watcher = (*Metrics)(nil)
	_ web.Watcher     = (*Metrics)(nil)
	_ worker.Watcher  = (*Metrics)(nil)
)

// namespace leads the names of our figures.
const namespace = "unireg"

// Buckets in seconds: a page takes milliseconds, a ring up to seconds, a round
// of a loop up to a minute.
var (
	requestBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15, 60}
	ringBuckets    = []float64{.01, .025, .05, .1, .25, .5, 1, 3, 5}
	roundBuckets   = []float64{.005, .025, .1, .5, 1, 5, 15, 60}
)

// New returns figures at zero, with those of the Go runtime and of the process.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	m.requests = m.counter("http_requests_total", "Requests answered, by the pattern of their route and the class of the answer.", "route", "method", "status")
	m.requestSeconds = m.histogram("http_request_seconds", "Time from a request's headers to its answer.", requestBuckets, "route", "method")
	m.security = m.counter("security_events_total", "Logins, refusals and what else is written into the log as an event.", "event")
	m.accepted = m.counter("commands_accepted_total", "Commands that were frozen with a receipt.", "move")
	m.applied = m.counter("commands_applied_total", "Commands that took effect.", "move")
	m.refused = m.counter("commands_refused_total", "Commands that were refused after their receipt.", "move", "refusal")
	m.uploads = m.counter("uploads_total", "Attachments taken in.").WithLabelValues()
	m.uploadBytes = m.counter("upload_bytes_total", "Bytes of the attachments taken in.").WithLabelValues()
	m.rings = m.counter("rings_total", "Rings at Temporal, by what they are for and what became of them.", "bell", "outcome")
	m.ringSeconds = m.histogram("ring_seconds", "Time that a ring took.", ringBuckets, "bell")
	m.breaker = m.gauge("breaker_open", "1 while rings are spared because Temporal was found away.").WithLabelValues()
	m.rounds = m.counter("rounds_total", "Rounds of the worker's loops.", "loop", "result")
	m.roundSeconds = m.histogram("round_seconds", "Time that a round took.", roundBuckets, "loop")
	m.lastRound = m.gauge("last_good_round_timestamp_seconds", "When a loop's round succeeded last.", "loop")
	m.reconciled = m.counter("reconciled_total", "What the comparison of database and workflows mended.", "what")
	m.scans = m.counter("scans_total", "Virus scans of attachments, by their result.", "result")
	m.letters = m.counter("letters_total", "Letters by mail and by short message, by what became of a try.", "channel", "outcome")
	m.breaker.Set(0)
	return m
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(v)
	return v
}

// Pool adds the figures of a pool of connections to the database.
func (m *Metrics) Pool(db *sql.DB) {
	m.registry.MustRegister(collectors.NewDBStatsCollector(db, namespace))
}

// Handler serves the figures. One that cannot be read leaves the others.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, Registry: m.registry})
}

// Request counts an answer.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status/100)+"xx").Inc()
	m.requestSeconds.WithLabelValues(route, method).Observe(took.Seconds())
}

// Event counts an event of the log.
func (m *Metrics) Event(name string) { m.security.WithLabelValues(name).Inc() }

// Accepted counts a command with a receipt.
func (m *Metrics) Accepted(move record.Move) { m.accepted.WithLabelValues(string(move)).Inc() }

// Concluded counts an outcome.
func (m *Metrics) Concluded(move record.Move, refusal record.Refusal) {
	if refusal == "" {
		m.applied.WithLabelValues(string(move)).Inc()
		return
	}
	m.refused.WithLabelValues(string(move), string(refusal)).Inc()
}

// Uploaded counts an attachment.
func (m *Metrics) Uploaded(bytes int64) {
	m.uploads.Inc()
	m.uploadBytes.Add(float64(bytes))
}

// Rang counts a ring.
func (m *Metrics) Rang(bell workflows.Bell, rung workflows.Rung, took time.Duration) {
	m.rings.WithLabelValues(string(bell), string(rung)).Inc()
	m.ringSeconds.WithLabelValues(string(bell)).Observe(took.Seconds())
}

// Spared shows whether rings are spared.
func (m *Metrics) Spared(away bool) {
	if away {
		m.breaker.Set(1)
		return
	}
	m.breaker.Set(0)
}

// Round counts a round.
func (m *Metrics) Round(loop worker.Loop, took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	} else {
		m.lastRound.WithLabelValues(string(loop)).SetToCurrentTime()
	}
	m.rounds.WithLabelValues(string(loop), result).Inc()
	m.roundSeconds.WithLabelValues(string(loop)).Observe(took.Seconds())
}

// Reconciled counts what was mended.
func (m *Metrics) Reconciled(found worker.Reconciliation) {
	m.reconciled.WithLabelValues("started").Add(float64(found.Started))
	m.reconciled.WithLabelValues("roused").Add(float64(found.Roused))
	m.reconciled.WithLabelValues("replanned").Add(float64(found.Replanned))
}

// Scanned counts a scan.
func (m *Metrics) Scanned(result worker.ScanResult) { m.scans.WithLabelValues(string(result)).Inc() }

// Carried counts a letter that was tried.
func (m *Metrics) Carried(channel storage.Channel, outcome storage.LetterOutcome) {
	m.letters.WithLabelValues(string(channel), string(outcome)).Inc()
}
