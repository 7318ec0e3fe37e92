package metrics

import (
	"fmt"
	"log/slog"

	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
)

// Temporal returns the handler by which Temporal's SDK tells its own figures:
// requests and their latency, pollers, free slots, the time that tasks wait,
// activities that fail. Their labels are names of types, queues and operations;
// the SDK makes none of a workflow's id.
func (m *Metrics) Temporal(log *slog.Logger) (client.MetricsHandler, error) {
	exporter, err := prometheus.New(prometheus.WithRegisterer(m.registry), prometheus.WithoutScopeInfo(), prometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("prepare the figures of Temporal's SDK: %w", err)
	}
	seconds := metric.NewView(metric.Instrument{Kind: metric.InstrumentKindHistogram}, metric.Stream{
		Aggregation: metric.AggregationExplicitBucketHistogram{Boundaries: ringBuckets},
	})
	return opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter:                metric.NewMeterProvider(metric.WithReader(exporter), metric.WithView(seconds)).Meter("temporal-sdk-go"),
		UseMonotonicCounters: true,
		OnError:              func(err error) { log.Warn("a figure of Temporal's SDK is left out", slog.Any("error", err)) },
	}), nil
}
