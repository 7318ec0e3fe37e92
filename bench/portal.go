package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"unireg/config"
)

// portal is the product as it is run: a portal and a worker, two processes.
type portal struct {
	url       string
	env       []string
	processes []*exec.Cmd
	web       int // process id of the portal
}

const program = "bin/unireg"

// startPortal migrates the database and starts portal and worker on the servers
// that the environment names, with further settings.
func startPortal(ctx context.Context, settings ...string) (*portal, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	p := &portal{url: "http://" + address}
	env := append(os.Environ(),
		"UNIREG_MODE=development", "UNIREG_LISTEN="+address, "UNIREG_LOG_LEVEL=warn",
		"UNIREG_MASTER_KEYS=bench:"+draw(), "UNIREG_INDEX_KEY="+draw(), "UNIREG_COOKIE_KEY="+draw(),
	)
	env = append(env, settings...)
	p.env = env
	migrate := exec.CommandContext(ctx, program, "migrate", "up")
	migrate.Env, migrate.Stderr = env, os.Stderr
	if err := migrate.Run(); err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	for _, part := range []string{"worker", "web"} {
		cmd := exec.CommandContext(ctx, program, part) //nolint:gosec // one of the two names above
		cmd.Env, cmd.Stderr = env, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			return nil, errors.Join(fmt.Errorf("start %s: %w", part, err), p.stop())
		}
		p.processes = append(p.processes, cmd)
		p.web = cmd.Process.Pid // the last one's
	}
	if err := p.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// settings are those that the processes run under.
func (p *portal) settings() (config.Config, error) { return config.Load(p.env, config.Portal) }

func (p *portal) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/", nil)
		if err != nil {
			return fmt.Errorf("ask for the start page: %w", err)
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("the portal did not answer within a minute")
}

// stop ends the processes as an operator does.
func (p *portal) stop() error {
	var faults []error
	for _, cmd := range p.processes {
		faults = append(faults, cmd.Process.Signal(syscall.SIGTERM))
	}
	for _, cmd := range p.processes {
		faults = append(faults, cmd.Wait())
	}
	return errors.Join(faults...)
}

func draw() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
