package storage

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// ObjectsConfig names a bucket of an S3-compatible object store.
type ObjectsConfig struct {
	Endpoint  string // host:port
	AccessKey string
	SecretKey string
	Bucket    string
	Secure    bool // TLS
}

// Objects is one bucket. Contents stream through it in both directions; at most
// two parts of an upload are held in memory. Size and SHA-256 of what was written
// belong into the database: the bucket is never asked what it should contain.
type Objects struct {
	client *minio.Client
	bucket string
}

// ErrTooLarge reports that a content exceeded its limit. Nothing of it is kept.
var ErrTooLarge = errors.New("content exceeds the limit")

// ErrEmpty reports that there was nothing to put. An attachment has content; and
// some stores leave the trailer of an empty stream in the connection, where it
// spoils the next request.
var ErrEmpty = errors.New("there is no content to put")

// ErrNoObject reports that the bucket has no such object.
var ErrNoObject = errors.New("no such object")

const (
	// partSize is the smallest part that S3 allows.
	partSize = 5 << 20
	// partsAtOnce of an upload are in memory: while one is written the next comes
	// in.
	partsAtOnce = 2
	// objectsRegion is what S3 stores other than Amazon's answer to.
	objectsRegion = "us-east-1"
)

// NewObjects returns the bucket of the configuration. It does not connect.
func NewObjects(c ObjectsConfig) (*Objects, error) {
	client, err := minio.New(c.Endpoint, &minio.Options{
		Creds:      credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""),
		Secure:     c.Secure,
		Region:     objectsRegion,
		MaxRetries: 3,
	})
	if err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	return &Objects{client: client, bucket: c.Bucket}, nil
}

// EnsureBucket creates the bucket if it does not exist. Nobody but the holder of
// the keys may read it.
func (o *Objects) EnsureBucket(ctx context.Context) error {
	exists, err := o.client.BucketExists(ctx, o.bucket)
	if err != nil {
		return fmt.Errorf("look for the bucket: %w", err)
	}
	if exists {
		return nil
	}
	err = o.client.MakeBucket(ctx, o.bucket, minio.MakeBucketOptions{Region: objectsRegion})
	if code := minio.ToErrorResponse(err).Code; err != nil && code != minio.BucketAlreadyOwnedByYou && code != minio.BucketAlreadyExists {
		return fmt.Errorf("create the bucket: %w", err)
	}
	return nil
}

// Ping reports whether the bucket is there.
func (o *Objects) Ping(ctx context.Context) error {
	exists, err := o.client.BucketExists(ctx, o.bucket)
	if err != nil {
		return fmt.Errorf("ping object store: %w", err)
	}
	if !exists {
		return errors.New("ping object store: the bucket does not exist")
	}
	return nil
}

// Object is what was written, measured while it passed.
type Object struct {
	Key    string
	Size   int64  // bytes
	SHA256 string // hex
}

// Put streams content of unknown length to the key. None at all gives ErrEmpty,
// more than limit bytes ErrTooLarge; an error of the reader is returned as it
// is. In all these cases the key stays as it was.
func (o *Objects) Put(ctx context.Context, key string, content io.Reader, limit int64, contentType string) (Object, error) {
	buffered := bufio.NewReader(content)
	if _, err := buffered.Peek(1); errors.Is(err, io.EOF) {
		return Object{}, ErrEmpty
	}
	meter := &meter{content: buffered, limit: limit, hash: sha256.New()}
	// The content is hashed here; what the store keeps is compared with that hash
	// at every scan and audit. Hashing it a second time for the signature of the
	// request, which TLS makes needless anyway, would take a quarter of the speed.
	_, err := o.client.PutObject(ctx, o.bucket, key, meter, -1, minio.PutObjectOptions{
		ContentType: contentType, PartSize: partSize, NumThreads: partsAtOnce, ConcurrentStreamParts: true, DisableContentSha256: true,
	})
	switch {
	case meter.fault != nil:
		return Object{}, meter.fault
	case err != nil:
		return Object{}, fmt.Errorf("put object: %w", err)
	}
	return Object{Key: key, Size: meter.size, SHA256: hex.EncodeToString(meter.hash.Sum(nil))}, nil
}

// meter measures what is read through it. It remembers the first error, because
// the client may wrap it.
type meter struct {
	content io.Reader
	limit   int64
	size    int64
	hash    interface {
		io.Writer
		Sum([]byte) []byte
	}
	fault error
}

func (m *meter) Read(p []byte) (int, error) {
	if m.fault != nil {
		return 0, m.fault
	}
	n, err := m.content.Read(p)
	m.size += int64(n)
	if m.size > m.limit {
		m.fault = ErrTooLarge
		return 0, m.fault
	}
	_, _ = m.hash.Write(p[:n]) // a hash takes everything
	if err != nil && !errors.Is(err, io.EOF) {
		m.fault = err
	}
	return n, err
}

// Get streams length bytes of an object from offset; length < 0 means to the
// end. The caller closes the content. A missing object gives ErrNoObject here,
// not at the first read.
func (o *Objects) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	var options minio.GetObjectOptions
	if offset > 0 || length >= 0 {
		end := int64(0) // to the end
		if length == 0 {
			return io.NopCloser(strings.NewReader("")), nil
		}
		if length > 0 {
			end = offset + length - 1
		}
		if err := options.SetRange(offset, end); err != nil {
			return nil, fmt.Errorf("get object: %w", err)
		}
	}
	core := minio.Core{Client: o.client}
	content, _, _, err := core.GetObject(ctx, o.bucket, key, options)
	if err != nil {
		return nil, fmt.Errorf("get object: %w", noObject(err))
	}
	return content, nil
}

// Stat returns the size of an object in bytes.
func (o *Objects) Stat(ctx context.Context, key string) (int64, error) {
	info, err := o.client.StatObject(ctx, o.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return 0, fmt.Errorf("stat object: %w", noObject(err))
	}
	return info.Size, nil
}

// age is for how long an object has been as it is, by this machine's clock.
func (o *Objects) age(ctx context.Context, key string) (time.Duration, error) {
	info, err := o.client.StatObject(ctx, o.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return 0, fmt.Errorf("stat object: %w", noObject(err))
	}
	return time.Since(info.LastModified), nil
}

// move gives an object another key. Where it dies in between, both are there.
func (o *Objects) move(ctx context.Context, from, to string) error {
	_, err := o.client.CopyObject(ctx, minio.CopyDestOptions{Bucket: o.bucket, Object: to}, minio.CopySrcOptions{Bucket: o.bucket, Object: from})
	if err != nil {
		return fmt.Errorf("copy object: %w", noObject(err))
	}
	return o.Remove(ctx, from)
}

// Remove deletes an object. One that is not there is removed already.
func (o *Objects) Remove(ctx context.Context, key string) error {
	err := o.client.RemoveObject(ctx, o.bucket, key, minio.RemoveObjectOptions{})
	if err != nil && !errors.Is(noObject(err), ErrNoObject) {
		return fmt.Errorf("remove object: %w", err)
	}
	return nil
}

// List yields the objects whose key begins with the prefix, in the order of
// their keys, with their sizes. The hash is not known to the bucket. An error
// ends the sequence.
func (o *Objects) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for info := range o.client.ListObjectsIter(ctx, o.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if info.Err != nil {
				yield(Object{}, fmt.Errorf("list objects: %w", info.Err))
				return
			}
			if !yield(Object{Key: info.Key, Size: info.Size}, nil) {
				return
			}
		}
	}
}

// RemoveBucket deletes the empty bucket.
func (o *Objects) RemoveBucket(ctx context.Context) error {
	if err := o.client.RemoveBucket(ctx, o.bucket); err != nil {
		return fmt.Errorf("remove the bucket: %w", err)
	}
	return nil
}

// hash reads an object and returns its SHA-256 in hex and its size.
func (o *Objects) hash(ctx context.Context, key string) (Object, error) {
	content, err := o.Get(ctx, key, 0, -1)
	if err != nil {
		return Object{}, err
	}
	defer content.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, content)
	if err != nil {
		return Object{}, fmt.Errorf("read object: %w", err)
	}
	return Object{Key: key, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

func noObject(err error) error {
	switch minio.ToErrorResponse(err).Code {
	case minio.NoSuchKey, "NotFound":
		return ErrNoObject
	default:
		return err
	}
}

// dropUnfinished drops uploads that began longer ago than age and never
// finished: their writer died. It returns how many there were.
func (o *Objects) dropUnfinished(ctx context.Context, prefix string, age time.Duration) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	core := minio.Core{Client: o.client}
	n := 0
	for upload := range o.client.ListIncompleteUploads(ctx, o.bucket, prefix, true) {
		if upload.Err != nil {
			return n, fmt.Errorf("list unfinished uploads: %w", upload.Err)
		}
		if time.Since(upload.Initiated) < age {
			continue
		}
		if err := core.AbortMultipartUpload(ctx, o.bucket, upload.Key, upload.UploadID); err != nil {
			return n, fmt.Errorf("drop unfinished upload: %w", err)
		}
		n++
	}
	return n, nil
}
