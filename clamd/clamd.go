// Package clamd asks a ClamAV daemon whether a content carries a virus. It
// speaks the part of clamd's protocol (clamd(8)) that needs no files in common
// with the daemon: a content streams through and is held nowhere. A content of
// which the daemon did not say that it is clean is not clean: whatever goes
// wrong on the way is an error.
package clamd

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// ErrLimit reports a content that is larger than the daemon takes: its
// StreamMaxLength is smaller than what the product lets people upload.
var ErrLimit = errors.New("the content is larger than clamd's StreamMaxLength")

const (
	// stall is how long the daemon may take to connect, to take the next chunk
	// or to answer a simple question.
	stall = 15 * time.Second
	// verdictTime is how long it may look at a content that it has whole. Its own
	// MaxScanTime is two minutes.
	verdictTime = 150 * time.Second
	// chunkSize is the memory that one scan takes, in bytes.
	chunkSize = 64 << 10
	// maxReply bounds an answer; the daemon's are one line.
	maxReply = 4 << 10
)

// Client knows where the daemon listens. It keeps no connection, so that a
// daemon may come and go; any number of goroutines may use it.
type Client struct {
	network, address string
}

// New reads an address: unix:/run/clamav/clamd.ctl, or host:port, or
// tcp:host:port. It does not connect.
func New(address string) (*Client, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		if !strings.HasPrefix(path, "/") {
			return nil, fmt.Errorf("%q names no socket by its whole path", address)
		}
		return &Client{"unix", path}, nil
	}
	host, port, err := net.SplitHostPort(strings.TrimPrefix(address, "tcp:"))
	if err != nil || host == "" || port == "" {
		return nil, fmt.Errorf("%q is neither unix:/path nor host:port", address)
	}
	return &Client{"tcp", net.JoinHostPort(host, port)}, nil
}

// Ping reports whether the daemon answers.
func (c *Client) Ping(ctx context.Context) error {
	answer, err := c.ask(ctx, "PING")
	if err == nil && answer != "PONG" {
		err = fmt.Errorf("it answered %q", answer)
	}
	if err != nil {
		return fmt.Errorf("ping clamd: %w", err)
	}
	return nil
}

// Version is what the daemon says of itself and of its signatures: program,
// number of the database and its date, parted by slashes.
func (c *Client) Version(ctx context.Context) (string, error) {
	answer, err := c.ask(ctx, "VERSION")
	if err != nil {
		return "", fmt.Errorf("ask clamd for its version: %w", err)
	}
	return answer, nil
}

// Scan streams a content to the daemon and returns the name of what it found,
// "" where the content is clean. An error says nothing about the content; that
// of the reader is returned as it is.
func (c *Client) Scan(ctx context.Context, content io.Reader) (found string, err error) {
	line, err := c.dial(ctx)
	if err != nil {
		return "", fmt.Errorf("scan: %w", err)
	}
	defer line.close()
	sent := line.send([]byte("zINSTREAM\x00"))
	if sent == nil {
		sent, err = line.stream(content)
	}
	if err != nil {
		return "", err // the connection ends in the middle: no verdict on half a content
	}
	if sent == nil {
		sent = line.send(make([]byte, 4)) // the end
	}
	// Who refuses a content says so while it is still being sent.
	answer, err := line.receive(verdictTime)
	if err != nil {
		return "", fmt.Errorf("scan: %w", errors.Join(sent, err))
	}
	found, err = verdict(answer)
	if err == nil && sent != nil && found == "" {
		err = sent // clean, though it has not seen the whole
	}
	if err != nil {
		return "", fmt.Errorf("scan: %w", err)
	}
	return found, nil
}

// verdict reads the answer to a stream.
func verdict(answer string) (found string, err error) {
	said, ok := strings.CutPrefix(answer, "stream: ")
	switch {
	case ok && said == "OK":
		return "", nil
	case ok && strings.HasSuffix(said, " FOUND"):
		name := strings.TrimSuffix(said, " FOUND")
		name, _, _ = strings.Cut(name, "(") // with ExtendedDetectionInfo: hash and size
		if name == "" {
			return "", fmt.Errorf("clamd answered %q", answer)
		}
		return name, nil
	case strings.HasPrefix(answer, "INSTREAM size limit exceeded"):
		return "", ErrLimit
	}
	return "", fmt.Errorf("clamd answered %q", answer)
}

// TestVirus is EICAR's test file, which every scanner finds and which does no
// harm. It is kept encoded, so that no scanner finds it in this program.
func TestVirus() []byte {
	content, _ := hex.DecodeString(TestVirusHex) // a constant that the tests decode
	return content
}

// TestVirusHex is the test file as a signature names it.
const TestVirusHex = "58354f2150254041505b345c505a58353428505e2937434329377d24" +
	"45494341522d5354414e444152442d414e544956495255532d544553542d46494c452124482b482a"

// ask sends a command that takes no content and returns the answer.
func (c *Client) ask(ctx context.Context, command string) (string, error) {
	line, err := c.dial(ctx)
	if err != nil {
		return "", err
	}
	defer line.close()
	if err := line.send([]byte("z" + command + "\x00")); err != nil {
		return "", err
	}
	return line.receive(stall)
}

// line is one connection, for one command.
type line struct {
	net.Conn
	ctx     context.Context //nolint:containedctx // the connection's life is the call's
	release func() bool
}

func (c *Client) dial(ctx context.Context) (*line, error) {
	dialer := net.Dialer{Timeout: stall}
	connection, err := dialer.DialContext(ctx, c.network, c.address)
	if err != nil {
		return nil, fmt.Errorf("reach clamd: %w", err)
	}
	// Whoever waits in a read or write when ctx ends is woken.
	release := context.AfterFunc(ctx, func() { _ = connection.Close() })
	return &line{connection, ctx, release}, nil
}

func (l *line) close() {
	l.release()
	_ = l.Close() // the answer is read, or there is none
}

// blame prefers the reason why the connection was closed by us.
func (l *line) blame(err error) error {
	if l.ctx.Err() != nil {
		return l.ctx.Err()
	}
	return err
}

func (l *line) send(message []byte) error {
	if err := l.SetDeadline(time.Now().Add(stall)); err != nil {
		return l.blame(fmt.Errorf("send to clamd: %w", err))
	}
	if _, err := l.Write(message); err != nil {
		return l.blame(fmt.Errorf("send to clamd: %w", err))
	}
	return nil
}

// stream sends the content in chunks, each behind its length in four bytes. It
// tells a daemon that takes no more from a content that cannot be read.
func (l *line) stream(content io.Reader) (sent, read error) {
	buffer := make([]byte, 4+chunkSize)
	for {
		n, err := fill(buffer[4:], content)
		if n > 0 {
			binary.BigEndian.PutUint32(buffer, uint32(n))
			if sent := l.send(buffer[:4+n]); sent != nil {
				return sent, nil
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return nil, err
		}
	}
}

// fill is io.ReadFull, but that an end is io.EOF wherever it comes, so that
// io.ErrUnexpectedEOF is what it means to an object store: a content cut short.
func fill(p []byte, content io.Reader) (n int, err error) {
	for n < len(p) && err == nil {
		var read int
		read, err = content.Read(p[n:])
		n += read
	}
	return n, err //nolint:wrapcheck // io.EOF must stay itself
}

// receive reads an answer, which ends with a zero byte.
func (l *line) receive(patience time.Duration) (string, error) {
	if err := l.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", l.blame(fmt.Errorf("hear clamd: %w", err))
	}
	answer, err := bufio.NewReader(io.LimitReader(l, maxReply)).ReadString(0)
	if err != nil {
		return "", l.blame(fmt.Errorf("hear clamd: %w", err))
	}
	return strings.TrimSpace(strings.TrimSuffix(answer, "\x00")), nil
}
