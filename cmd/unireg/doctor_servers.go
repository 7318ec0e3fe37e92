package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"unireg/config"
	"unireg/storage"
)

const (
	// clockTolerance is how far the object store's clock may be off before
	// somebody should look; beyond clockLimit it refuses our signatures.
	clockTolerance = time.Minute
	clockLimit     = 15 * time.Minute
)

func examineObjects(ctx context.Context, d *diagnosis, c config.Config) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	skew, err := objectsClock(ctx, c)
	if err != nil {
		d.fault(finding{
			"object store", fmt.Sprintf("S3 at %s does not answer: attachments are neither taken in nor shown", c.S3Endpoint), err,
			"start it, or correct UNIREG_S3_ENDPOINT and UNIREG_S3_SECURE",
		})
		return
	}
	objects, err := newObjects(c)
	if err == nil {
		err = objects.Probe(ctx)
	}
	fault := storage.ObjectsFaultOf(err)
	if fault == storage.ObjectsClock || skew > clockLimit {
		d.fault(finding{
			"object store", fmt.Sprintf("its clock and this machine's differ by more than %d minutes, so that it refuses every signature", int(clockLimit.Minutes())), err,
			"have both follow the same time server",
		})
		return
	}
	if skew > clockTolerance {
		d.warn(finding{"object store", fmt.Sprintf("its clock and this machine's differ by %s", skew.Round(time.Second)), nil, "have both follow the same time server"})
	}
	if err != nil {
		d.fault(refusedObjects(c, fault, err))
		return
	}
	d.fine("object store", "%s takes and gives back, bucket %s", c.S3Endpoint, c.S3Bucket)
}

// objectsClock asks without a signature how far the store's clock is off.
func objectsClock(ctx context.Context, c config.Config) (time.Duration, error) {
	scheme := "https"
	if !c.S3Secure {
		scheme = "http"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, scheme+"://"+c.S3Endpoint+"/", nil)
	if err != nil {
		return 0, fmt.Errorf("ask for the time: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("ask for the time: %w", err)
	}
	defer response.Body.Close()
	said, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0, nil // a store that does not tell the time is asked no further
	}
	return time.Since(said).Abs(), nil
}

func refusedObjects(c config.Config, fault storage.ObjectsFault, err error) finding {
	f := finding{what: "object store", cause: err}
	switch fault {
	case storage.ObjectsKey:
		f.sentence = "it does not know this access key with this secret"
		f.next = "put its keys into UNIREG_S3_ACCESS_KEY and UNIREG_S3_SECRET_KEY"
	case storage.ObjectsBucket:
		f.sentence = fmt.Sprintf("there is no bucket %s", c.S3Bucket)
		f.next = "run unireg migrate up, which makes it, or correct UNIREG_S3_BUCKET; after a loss restore the bucket first"
	case storage.ObjectsDenied:
		f.sentence = fmt.Sprintf("this key may not list, write, read and remove objects in bucket %s", c.S3Bucket)
		f.next = "give the key these rights on the bucket, and no others"
	case storage.ObjectsFull:
		f.sentence = "it has no room left: attachments are not taken in"
		f.next = "give it more room"
	default:
		f.sentence = fmt.Sprintf("an object did not pass through bucket %s", c.S3Bucket)
		f.next = "see the cause and the store's own log"
	}
	return f
}

// leastRetention is how long Temporal should keep what has ended, in production:
// so long staff and operators can look at how a filing went. Nothing that counts
// is lost with it.
const leastRetention = 7 * 24 * time.Hour

func examineTemporal(ctx context.Context, d *diagnosis, c config.Config) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	connection, door, err := dialTemporal(c, slog.New(slog.DiscardHandler))
	if err != nil {
		d.fault(finding{"Temporal", "its settings do not go together", err, "correct the TEMPORAL_ variables"})
		d.skip("Temporal", "worker")
		return
	}
	defer connection.Close()
	info, err := connection.WorkflowService().GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	if err != nil {
		d.fault(finding{
			"Temporal", fmt.Sprintf("nothing answers at %s: submissions are accepted and wait", c.Temporal.HostPort), err,
			"start it, or correct TEMPORAL_ADDRESS",
		})
		d.skip("Temporal", "worker")
		return
	}
	namespace, err := connection.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: c.Temporal.Namespace})
	if _, missing := errors.AsType[*serviceerror.NamespaceNotFound](err); missing {
		d.fault(finding{
			"Temporal", fmt.Sprintf("there is no namespace %s", c.Temporal.Namespace), nil,
			fmt.Sprintf("temporal operator namespace create --namespace %s --retention 30d, or correct TEMPORAL_NAMESPACE", c.Temporal.Namespace),
		})
		d.skip("Temporal", "worker")
		return
	}
	if err != nil {
		d.fault(finding{"Temporal", fmt.Sprintf("namespace %s cannot be read", c.Temporal.Namespace), err, "see the cause"})
		d.skip("Temporal", "worker")
		return
	}
	kept := namespace.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if kept < leastRetention && c.Mode == config.Production {
		d.fault(finding{
			"Temporal", fmt.Sprintf("namespace %s forgets what has ended after %s: nobody can look at how a filing went", c.Temporal.Namespace, kept), nil,
			fmt.Sprintf("temporal operator namespace update --namespace %s --retention 30d", c.Temporal.Namespace),
		})
	} else {
		d.fine("Temporal", "server %s, namespace %s keeps what has ended for %s", info.GetServerVersion(), c.Temporal.Namespace, kept)
	}
	if err := door.Healthy(ctx); err != nil {
		d.warn(finding{"worker", "none serves at this moment: submissions are accepted and wait", nil, "start unireg worker"})
		return
	}
	d.fine("worker", "serves")
}
