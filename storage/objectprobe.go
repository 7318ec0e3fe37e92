package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/minio/minio-go/v7"
)

// ObjectsFault says what an object store objects to, as far as it says so.
type ObjectsFault string

// What an object store objects to.
const (
	ObjectsKey    ObjectsFault = "key"    // it knows no such access key, or the secret is another
	ObjectsClock  ObjectsFault = "clock"  // its time and ours differ too much
	ObjectsBucket ObjectsFault = "bucket" // there is none of that name
	ObjectsDenied ObjectsFault = "denied" // the key may not
	ObjectsFull   ObjectsFault = "full"   // it has no room left
)

// ObjectsFaultOf is what an error of Probe says; "" where the store does not
// answer, or says something else.
func ObjectsFaultOf(err error) ObjectsFault {
	var said minio.ErrorResponse
	if !errors.As(err, &said) {
		return ""
	}
	switch said.Code {
	case minio.InvalidAccessKeyID, minio.SignatureDoesNotMatch:
		return ObjectsKey
	case minio.RequestTimeTooSkewed:
		return ObjectsClock
	case minio.NoSuchBucket:
		return ObjectsBucket
	case minio.AccessDenied:
		return ObjectsDenied
	case "XMinioStorageFull", "InsufficientStorage", "QuotaExceeded":
		return ObjectsFull
	}
	return ""
}

// probePrefix leads the keys of what Probe writes.
const probePrefix = "probe/"

// Probe asks for the bucket, then writes a small object, reads it back and
// takes it away: what an attachment does. Its error keeps the store's answer for
// ObjectsFaultOf.
func (o *Objects) Probe(ctx context.Context) error {
	for object := range o.client.ListObjects(ctx, o.bucket, minio.ListObjectsOptions{Prefix: probePrefix}) {
		if object.Err != nil {
			return fmt.Errorf("list objects: %w", object.Err)
		}
	}
	key, err := randomKey()
	if err != nil {
		return err
	}
	key = probePrefix + key
	const content = "probe"
	if _, err := o.Put(ctx, key, strings.NewReader(content), int64(len(content)), "text/plain"); err != nil {
		return err
	}
	read, err := o.read(ctx, key)
	if err = errors.Join(err, o.Remove(ctx, key)); err != nil {
		return err
	}
	if read != content {
		return errors.New("an object did not come back as it was written")
	}
	return nil
}

func (o *Objects) read(ctx context.Context, key string) (string, error) {
	content, err := o.Get(ctx, key, 0, -1)
	if err != nil {
		return "", err
	}
	defer func() { _ = content.Close() }()
	all, err := io.ReadAll(content)
	if err != nil {
		return "", fmt.Errorf("read object: %w", err)
	}
	return string(all), nil
}
