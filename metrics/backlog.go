package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"unireg/storage"
	"unireg/web"
)

// lookTime bounds what is asked of others when the figures are read.
const lookTime = 4 * time.Second

// Health is asked which parts answer.
type Health interface {
	Check(ctx context.Context) web.Readiness
}

// BacklogReader tells what waits.
type BacklogReader interface {
	Backlog(ctx context.Context) (storage.Backlog, error)
}

var partUp = prometheus.NewDesc("unireg_part_up", "1 if the part of the system answers this process, else 0.", []string{"part"}, nil)

// figure is one thing that waits. It is the same whichever process is asked.
type figure struct {
	count, oldest *prometheus.Desc
	of            func(storage.Backlog) storage.Waiting
}

func newFigure(what, help string, of func(storage.Backlog) storage.Waiting) figure {
	return figure{
		prometheus.NewDesc("unireg_open_"+what, help+".", nil, nil),
		prometheus.NewDesc("unireg_oldest_open_"+what+"_seconds", help+": for how long the first of them.", nil, nil),
		of,
	}
}

var waiting = []figure{
	newFigure("commands", "Accepted commands that are due and have no outcome", func(b storage.Backlog) storage.Waiting { return b.Commands }),
	newFigure("scans", "Attachments that wait for the virus scanner", func(b storage.Backlog) storage.Waiting { return b.Scans }),
	newFigure("deliveries", "Changes that a subscriber was not told yet", func(b storage.Backlog) storage.Waiting { return b.Deliveries }),
	newFigure("applications", "Open applications to the CA company", func(b storage.Backlog) storage.Waiting { return b.Applications }),
	newFigure("letters", "Messages, codes and links on their way out of the portal", func(b storage.Backlog) storage.Waiting { return b.Letters }),
}

var (
	checkpointCount = prometheus.NewDesc("unireg_checkpoints", "Signed checkpoints of the history.", nil, nil)
	checkpointAge   = prometheus.NewDesc("unireg_last_checkpoint_age_seconds", "For how long the last checkpoint of the history is the last.", nil, nil)
	historyFaults   = prometheus.NewDesc("unireg_history_faults", "Faults that the last comparison of the history with its checkpoints found.", nil, nil)
)

// live are the figures that are looked up when they are read.
type live struct {
	health  Health
	backlog BacklogReader
}

// Live adds which parts answer and what waits, as they are whenever the figures
// are read. While the database is away what waits is left out: no figure is
// better than an old one.
func (m *Metrics) Live(health Health, backlog BacklogReader) {
	m.registry.MustRegister(live{health, backlog})
}

// Describe tells of all figures.
func (live) Describe(all chan<- *prometheus.Desc) {
	all <- partUp
	for _, f := range waiting {
		all <- f.count
		all <- f.oldest
	}
	all <- checkpointCount
	all <- checkpointAge
	all <- historyFaults
}

// Collect looks.
func (l live) Collect(all chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	for part, verdict := range l.health.Check(ctx).Parts {
		up := 0.0
		if verdict == web.PartOK {
			up = 1
		}
		all <- prometheus.MustNewConstMetric(partUp, prometheus.GaugeValue, up, part)
	}
	b, err := l.backlog.Backlog(ctx)
	if err != nil {
		return // part_up tells why
	}
	for _, f := range waiting {
		w := f.of(b)
		all <- prometheus.MustNewConstMetric(f.count, prometheus.GaugeValue, float64(w.Count))
		all <- prometheus.MustNewConstMetric(f.oldest, prometheus.GaugeValue, w.Oldest.Seconds())
	}
	all <- prometheus.MustNewConstMetric(checkpointCount, prometheus.GaugeValue, float64(b.Checkpoints.Count))
	all <- prometheus.MustNewConstMetric(historyFaults, prometheus.GaugeValue, float64(b.HistoryFaults))
	if b.Checkpoints.Count > 0 {
		all <- prometheus.MustNewConstMetric(checkpointAge, prometheus.GaugeValue, b.Checkpoints.Oldest.Seconds())
	}
}
