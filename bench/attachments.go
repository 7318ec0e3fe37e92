package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"unireg/config"
)

const (
	// largest is what the portal takes in one attachment.
	largest = 20 << 20
	// growth is what the portal's memory may grow by, in KiB.
	growth = 64 << 10
)

// measureAttachments uploads attachments of the largest size through the portal,
// one after the other as the form's script does, in turn with puts of the same
// bytes to the same bucket by the S3 client alone.
func measureAttachments(ctx context.Context, b *bench) error {
	bidder, err := newBidder(ctx, b.portal.url, 3)
	if err != nil {
		return err
	}
	page, err := bidder.get(ctx, bidder.record+"/edit")
	if err != nil {
		return err
	}
	settings, err := b.portal.settings()
	if err != nil {
		return err
	}
	bucket, err := newBareBucket(settings)
	if err != nil {
		return err
	}
	before, err := memoryOf(b.portal.web, "VmRSS")
	if err != nil {
		return err
	}
	content := newScan()
	var uploads, puts []time.Duration
	var total int64
	for left := int64(b.megabytes) << 20; left > 0; left -= int64(len(content)) {
		content = content[:min(left, largest)]
		renew(content)
		put, err := bucket.put(ctx, len(puts), content)
		if err != nil {
			return err
		}
		began := time.Now()
		kept, err := bidder.attach(ctx, page, fmt.Sprintf("扫描件%d.pdf", len(uploads)), content)
		upload := time.Since(began)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(content); kept.SHA256 != hex.EncodeToString(sum[:]) || kept.Size != int64(len(content)) {
			return errors.New("the portal took in something else than was sent")
		}
		total += int64(len(content))
		uploads, puts = append(uploads, upload), append(puts, put)
	}
	after, err := memoryOf(b.portal.web, "VmHWM")
	if err != nil {
		return err
	}
	fmt.Printf("\n%d MiB of attachments in files of %d MiB, one client, without a scan, in turn; milliseconds for each file\n", total>>20, largest>>20)
	row("upload through the portal", uploads)
	row("bare put", puts)
	through, bare := rate(total, uploads), rate(total, puts)
	fmt.Printf("%-32s %6.0f MiB/s; bare %.0f MiB/s; %.0f %%\n", "throughput", through, bare, 100*through/bare)
	fmt.Printf("%-32s %6.1f MiB, from %.1f to %.1f at its highest; limit %d MiB\n", "growth of the portal's memory",
		float64(after-before)/1024, float64(before)/1024, float64(after)/1024, growth>>10)
	return bucket.empty(ctx, len(puts))
}

// rate is a throughput in MiB a second.
func rate(total int64, times []time.Duration) float64 {
	var all time.Duration
	for _, t := range times {
		all += t
	}
	return float64(total) / (1 << 20) / all.Seconds()
}

// newScan returns bytes that pass for a PDF and cannot be compressed.
func newScan() []byte {
	content := make([]byte, largest)
	_, _ = rand.NewChaCha8([32]byte([]byte("scan scan scan scan scan scan sc"))).Read(content) // never fails
	copy(content, smallPDF)
	return content
}

// renew makes every part of the content differ from what it was.
func renew(content []byte) {
	for i := 4096; i < len(content); i += 4096 {
		content[i]++
	}
}

// bareBucket is the portal's bucket as the S3 client alone meets it.
type bareBucket struct {
	client *minio.Client
	name   string
}

func newBareBucket(c config.Config) (*bareBucket, error) {
	client, err := minio.New(c.S3Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(c.S3AccessKey.Reveal(), c.S3SecretKey.Reveal(), ""), Secure: c.S3Secure, Region: "us-east-1",
	})
	if err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	return &bareBucket{client, c.S3Bucket}, nil
}

func bareKey(n int) string { return fmt.Sprintf("bench/%d", n) }

// put writes an object and returns how long that took.
func (b *bareBucket) put(ctx context.Context, n int, content []byte) (time.Duration, error) {
	began := time.Now()
	_, err := b.client.PutObject(ctx, b.name, bareKey(n), bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{ContentType: "application/pdf"})
	if err != nil {
		return 0, fmt.Errorf("bare put: %w", err)
	}
	return time.Since(began), nil
}

func (b *bareBucket) empty(ctx context.Context, n int) error {
	for i := range n {
		if err := b.client.RemoveObject(ctx, b.name, bareKey(i), minio.RemoveObjectOptions{}); err != nil {
			return fmt.Errorf("remove what was put: %w", err)
		}
	}
	return nil
}

// memoryOf reads a line of a process's status as Linux has it, in KiB.
func memoryOf(process int, line string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		return 0, fmt.Errorf("read memory of the portal: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		if name, value, _ := strings.Cut(lines.Text(), ":"); name == line {
			return strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		}
	}
	return 0, fmt.Errorf("the status of the portal has no line %s", line)
}
