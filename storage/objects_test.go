package storage_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"unireg/storage"
	"unireg/storage/storagetest"
)

const mebibyte = 1 << 20

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func randomBytes(t testing.TB, n int) []byte {
	t.Helper()
	content := make([]byte, n)
	_, err := rand.Read(content)
	require.NoError(t, err)
	return content
}

func read(t testing.TB, o *storage.Objects, key string, offset, length int64) []byte {
	t.Helper()
	content, err := o.Get(t.Context(), key, offset, length)
	require.NoError(t, err)
	defer func() { require.NoError(t, content.Close()) }()
	all, err := io.ReadAll(content)
	require.NoError(t, err)
	return all
}

// The conformance of whatever object store the environment names.
func TestObjectsConformance(t *testing.T) {
	o := storagetest.Bucket(t)
	ctx := t.Context()

	for name, size := range map[string]int{
		"one byte": 1, "one part exactly": 5 * mebibyte, "one part and a byte": 5*mebibyte + 1, "three parts": 12 * mebibyte,
	} {
		t.Run("keeps what is put, "+name, func(t *testing.T) {
			content := randomBytes(t, size)
			// Whatever the reader's manners: bytes come in dribbles, EOF with data.
			object, err := o.Put(ctx, "size/"+name, iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(content))), 20*mebibyte, "application/pdf")
			require.NoError(t, err)
			require.Equal(t, storage.Object{Key: "size/" + name, Size: int64(size), SHA256: hashOf(content)}, object)
			stored, err := o.Stat(ctx, "size/"+name)
			require.NoError(t, err)
			require.EqualValues(t, size, stored)
			require.Equal(t, hashOf(content), hashOf(read(t, o, "size/"+name, 0, -1)))
		})
	}

	t.Run("puts nothing where there is nothing", func(t *testing.T) {
		_, err := o.Put(ctx, "empty", strings.NewReader(""), mebibyte, "application/pdf")
		require.ErrorIs(t, err, storage.ErrEmpty)
		_, err = o.Stat(ctx, "empty")
		require.ErrorIs(t, err, storage.ErrNoObject)
	})

	t.Run("gives ranges", func(t *testing.T) {
		content := randomBytes(t, 7*mebibyte)
		_, err := o.Put(ctx, "range", bytes.NewReader(content), 20*mebibyte, "image/png")
		require.NoError(t, err)
		for _, r := range [][2]int64{{0, 1}, {0, 10}, {1, 1}, {5*mebibyte - 3, 10}, {7*mebibyte - 4, -1}, {100, -1}, {0, -1}} {
			end := int64(len(content))
			if r[1] >= 0 {
				end = r[0] + r[1]
			}
			require.True(t, bytes.Equal(content[r[0]:end], read(t, o, "range", r[0], r[1])), "%v", r)
		}
		require.Empty(t, read(t, o, "range", 3, 0))
	})

	t.Run("replaces an object as a whole", func(t *testing.T) {
		for _, content := range []string{"a longer first content", "second"} {
			_, err := o.Put(ctx, "again", strings.NewReader(content), 100, "text/plain")
			require.NoError(t, err)
		}
		require.Equal(t, "second", string(read(t, o, "again", 0, -1)))
	})

	t.Run("refuses what is too large and keeps nothing of it", func(t *testing.T) {
		for _, size := range []int{101, 11 * mebibyte} {
			limit := int64(size - 1)
			_, err := o.Put(ctx, "large", bytes.NewReader(make([]byte, size)), limit, "image/png")
			require.ErrorIs(t, err, storage.ErrTooLarge)
			_, err = o.Stat(ctx, "large")
			require.ErrorIs(t, err, storage.ErrNoObject)
		}
		_, err := o.Put(ctx, "large", bytes.NewReader(make([]byte, 100)), 100, "image/png")
		require.NoError(t, err, "the limit itself is allowed")
	})

	t.Run("a reader that breaks leaves the object as it was", func(t *testing.T) {
		broken := errors.New("the line went dead")
		for _, size := range []int{100, 6 * mebibyte} {
			_, err := o.Put(ctx, "again", io.MultiReader(bytes.NewReader(make([]byte, size)), iotest.ErrReader(broken)), 20*mebibyte, "image/png")
			require.ErrorIs(t, err, broken)
			require.Equal(t, "second", string(read(t, o, "again", 0, -1)))
		}
	})

	t.Run("a context that ends stops the writing", func(t *testing.T) {
		cancelled, cancel := context.WithCancel(ctx)
		_, err := o.Put(cancelled, "cancelled", io.MultiReader(bytes.NewReader(make([]byte, 6*mebibyte)), endContext{cancel}), 20*mebibyte, "image/png")
		require.ErrorIs(t, err, context.Canceled)
		_, err = o.Stat(ctx, "cancelled")
		require.ErrorIs(t, err, storage.ErrNoObject)
	})

	t.Run("says what is missing", func(t *testing.T) {
		_, err := o.Get(ctx, "none", 0, -1)
		require.ErrorIs(t, err, storage.ErrNoObject)
		_, err = o.Stat(ctx, "none")
		require.ErrorIs(t, err, storage.ErrNoObject)
	})

	t.Run("removes, also what is gone", func(t *testing.T) {
		_, err := o.Put(ctx, "remove", strings.NewReader("x"), 10, "image/png")
		require.NoError(t, err)
		require.NoError(t, o.Remove(ctx, "remove"))
		_, err = o.Stat(ctx, "remove")
		require.ErrorIs(t, err, storage.ErrNoObject)
		require.NoError(t, o.Remove(ctx, "remove"))
	})

	t.Run("lists by prefix, in order", func(t *testing.T) {
		for _, key := range []string{"list/b/2", "list/a", "list/b/1", "listless"} {
			_, err := o.Put(ctx, key, strings.NewReader(key), 100, "image/png")
			require.NoError(t, err)
		}
		var keys []string
		for object, err := range o.List(ctx, "list/") {
			require.NoError(t, err)
			require.EqualValues(t, len(object.Key), object.Size)
			keys = append(keys, object.Key)
		}
		require.Equal(t, []string{"list/a", "list/b/1", "list/b/2"}, keys)
		for _, err := range o.List(ctx, "list/") {
			require.NoError(t, err)
			break // who has seen enough may stop
		}
		stopped, cancel := context.WithCancel(ctx)
		cancel()
		for _, err := range o.List(stopped, "list/") {
			require.Error(t, err)
		}
	})

	t.Run("serves many at once", func(t *testing.T) {
		var work sync.WaitGroup
		for i := range 8 {
			work.Go(func() {
				content := bytes.Repeat([]byte{byte(i)}, mathrand.IntN(mebibyte)+1)
				key := "many/" + string(rune('a'+i))
				object, err := o.Put(ctx, key, bytes.NewReader(content), mebibyte+1, "image/png")
				require.NoError(t, err)
				require.Equal(t, hashOf(content), object.SHA256)
				require.Equal(t, object.SHA256, hashOf(read(t, o, key, 0, -1)))
			})
		}
		work.Wait()
	})

	t.Run("holds one part in memory, never the whole", func(t *testing.T) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := o.Put(ctx, "memory", io.LimitReader(zeros{}, 64*mebibyte), 64*mebibyte, "image/png")
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(24*mebibyte))
	})

	t.Run("the bucket is there", func(t *testing.T) {
		require.NoError(t, o.Ping(ctx))
		require.NoError(t, o.EnsureBucket(ctx), "making it again changes nothing")
		require.Equal(t, "second", string(read(t, o, "again", 0, -1)))
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type endContext struct{ cancel context.CancelFunc }

func (e endContext) Read([]byte) (int, error) { e.cancel(); return 0, context.Canceled }

func TestU7BucketIsPrivate(t *testing.T) {
	config := storagetest.BucketConfig(t)
	o, err := storage.NewObjects(config)
	require.NoError(t, err)
	ctx := t.Context()
	require.Error(t, o.Ping(ctx), "a bucket that does not exist")
	require.NoError(t, o.EnsureBucket(ctx))
	_, err = o.Put(ctx, "secret", strings.NewReader("content"), 100, "image/png")
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		require.NoError(t, o.Remove(ctx, "secret"))
		require.NoError(t, o.RemoveBucket(ctx))
	})
	for name, who := range map[string]*credentials.Credentials{
		"nobody": nil, "a wrong key": credentials.NewStaticV4(config.AccessKey, "wrong", ""),
	} {
		stranger, err := minio.New(config.Endpoint, &minio.Options{Creds: who, Secure: config.Secure, Region: "us-east-1", MaxRetries: 1})
		require.NoError(t, err)
		_, err = stranger.StatObject(ctx, config.Bucket, "secret", minio.StatObjectOptions{})
		require.Equal(t, 403, minio.ToErrorResponse(err).StatusCode, name)
	}
}

// A portal that dies in the middle of a large file leaves parts behind, which
// take room and are in no list of objects.
func TestU9UnfinishedPartsAreDropped(t *testing.T) {
	config := storagetest.BucketConfig(t)
	o, err := storage.NewObjects(config)
	require.NoError(t, err)
	ctx := t.Context()
	require.NoError(t, o.EnsureBucket(ctx))
	t.Cleanup(func() { require.NoError(t, o.RemoveBucket(context.WithoutCancel(ctx))) })
	core, err := minio.NewCore(config.Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(config.AccessKey, config.SecretKey, ""), Secure: config.Secure, Region: "us-east-1",
	})
	require.NoError(t, err)
	const key = "files/aa/half"
	upload, err := core.NewMultipartUpload(ctx, config.Bucket, key, minio.PutObjectOptions{})
	require.NoError(t, err)
	_, err = core.PutObjectPart(ctx, config.Bucket, key, upload, 1, bytes.NewReader(make([]byte, 5*mebibyte)), 5*mebibyte, minio.PutObjectPartOptions{})
	require.NoError(t, err)

	unfinished := func() int {
		list, err := core.ListMultipartUploads(ctx, config.Bucket, "files/", "", "", "", 1000)
		require.NoError(t, err)
		return len(list.Uploads)
	}
	// MinIO lists them by their whole key alone, and drops them itself after a day.
	found := unfinished()

	files := storage.NewFiles(storagetest.Fresh(t).Store(), o, storage.FileLimits{})
	swept, err := files.Sweep(ctx, 24*time.Hour)
	require.NoError(t, err)
	require.Zero(t, swept.Uploads, "it may be under way")
	swept, err = files.Sweep(ctx, 0)
	require.NoError(t, err)
	require.Equal(t, found, swept.Uploads)
	require.Zero(t, unfinished())
	if found == 0 {
		require.NoError(t, core.AbortMultipartUpload(ctx, config.Bucket, key, upload))
	}
}
