// Package daemon runs a clamd of our own, with configuration, socket and, where
// the machine has none, signatures in a folder of its own: for development and
// tests. A public system runs the one of its distribution.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"unireg/clamd"
)

// machineSignatures is where Debian's freshclam keeps what it fetched.
const machineSignatures = "/var/lib/clamav"

// Options say where a daemon lives and what it knows.
type Options struct {
	Dir string // of its files; made if it does not exist
	// TestOnly has it know nothing but EICAR's test file, also where the machine
	// has signatures: it is ready at once and takes little memory.
	TestOnly bool
	Log      io.Writer // what it says
	// MostMiB bounds what it takes and looks into; 0 is above what the product takes.
	MostMiB int
}

// Daemon is a running clamd. It ends with this process, however that ends.
type Daemon struct {
	Address string // as clamd.New takes it
	// TestOnly tells that it finds EICAR's test file and nothing else.
	TestOnly bool

	command *exec.Cmd
	input   io.Closer
	ended   chan struct{} // closed when it has ended
	err     error         // how; read after ended
}

// Find returns the path of the program, or false where ClamAV's daemon is not
// installed. Debian puts it where only root looks.
func Find() (string, bool) {
	for _, name := range []string{"clamd", "/usr/sbin/clamd", "/usr/local/sbin/clamd"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	return "", false
}

// until runs a program and ends it when standard input ends: a parent that dies
// without a word closes it too.
const until = `exec 3<&0
"$@" </dev/null 3<&- &
program=$!
{ read -r _ <&3; kill "$program" 2>/dev/null; } &
watch=$!
exec 3<&-
wait "$program"
code=$?
kill "$watch" 2>/dev/null
exit "$code"`

// Start starts a daemon and returns at once: with the machine's signatures it
// reads for half a minute before it answers. Await waits for that.
func Start(o Options) (*Daemon, error) {
	program, ok := Find()
	if !ok {
		return nil, errors.New("start clamd: it is not installed (Debian: clamav-daemon)")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("start clamd: %w", err)
	}
	d := &Daemon{ended: make(chan struct{})}
	configuration, err := d.configure(o)
	if err != nil {
		return nil, fmt.Errorf("start clamd: %w", err)
	}
	d.command = exec.Command("/bin/sh", "-c", until, "sh", program, "--config-file="+configuration) //nolint:gosec,noctx // found on this machine; stopped in its turn, not by a context
	d.command.Stdout, d.command.Stderr = o.Log, o.Log
	d.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's Ctrl-C is not for it
	if d.input, err = d.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start clamd: %w", err)
	}
	if err := d.command.Start(); err != nil {
		return nil, fmt.Errorf("start clamd: %w", err)
	}
	go func() {
		d.err = d.command.Wait()
		close(d.ended)
	}()
	return d, nil
}

// configure writes the configuration, and signatures where they are needed.
func (d *Daemon) configure(o Options) (path string, err error) {
	signatures := machineSignatures
	found, err := filepath.Glob(filepath.Join(signatures, "*.c[lv]d"))
	if err != nil {
		return "", err
	}
	if d.TestOnly = o.TestOnly || len(found) == 0; d.TestOnly {
		signatures = filepath.Join(o.Dir, "signatures")
		if err := os.MkdirAll(signatures, 0o700); err != nil {
			return "", err
		}
		line := "Eicar-Test-Signature:0:*:" + clamd.TestVirusHex + "\n"
		if err := os.WriteFile(filepath.Join(signatures, "test.ndb"), []byte(line), 0o600); err != nil {
			return "", err
		}
	}
	socket, err := socketPath(o.Dir)
	if err != nil {
		return "", err
	}
	d.Address = "unix:" + socket
	// What it could not look into whole is not clean, and no size that the product
	// takes is beyond it.
	most := o.MostMiB
	if most == 0 {
		most = 1100
	}
	lines := []string{
		"Foreground yes", "LocalSocket " + socket, "LocalSocketMode 600", "FixStaleSocket yes",
		"DatabaseDirectory " + signatures, "TemporaryDirectory " + o.Dir, "ConcurrentDatabaseReload no", "MaxThreads 4",
		fmt.Sprintf("StreamMaxLength %dM", most), fmt.Sprintf("MaxFileSize %dM", most), fmt.Sprintf("MaxScanSize %dM", most), "AlertExceedsMax yes",
	}
	path = filepath.Join(o.Dir, "clamd.conf")
	return path, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// maxSocketPath is what every system takes as the name of a socket, in bytes.
const maxSocketPath = 100

// socketPath is in the folder, or in a short one where that is too deep.
func socketPath(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "clamd.sock")
	if len(path) <= maxSocketPath {
		return path, nil
	}
	if dir, err = os.MkdirTemp("", "clamd-"); err != nil {
		return "", err
	}
	return filepath.Join(dir, "clamd.sock"), nil
}

// Await returns when the daemon answers, or when it has ended.
func (d *Daemon) Await(ctx context.Context) error {
	client, err := clamd.New(d.Address)
	if err != nil {
		return fmt.Errorf("await clamd: %w", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := client.Ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-d.ended:
			return fmt.Errorf("clamd ended by itself (%s)", d.command.ProcessState)
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// Ended is closed when the daemon has ended.
func (d *Daemon) Ended() <-chan struct{} { return d.ended }

// grace is how long the daemon may take to stop; with the machine's signatures
// it gives back a gigabyte.
const grace = 30 * time.Second

// Stop ends the daemon and waits until it has.
func (d *Daemon) Stop() error {
	_ = d.input.Close() // it may have ended already
	select {
	case <-d.ended:
	case <-time.After(grace):
		_ = syscall.Kill(-d.command.Process.Pid, syscall.SIGKILL) // with what it started
		<-d.ended
		return fmt.Errorf("clamd did not stop within %s and was killed", grace)
	}
	if d.err != nil {
		return fmt.Errorf("stop clamd: %w", d.err)
	}
	return nil
}
