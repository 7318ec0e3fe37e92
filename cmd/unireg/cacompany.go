package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// companyPort is the port of the CA company where it is free, so that the
// addresses in certificates last.
const companyPort = 8090

// company is the stand-in for the CA company, running as a child: a program with
// storage of its own, which the registration system reaches over HTTP alone.
type company struct {
	*child
	directory   string
	environment map[string]string // what the registration system must know of it
}

// startCompany sets the company up in a directory of the data directory and
// returns once it serves. It calls back to the portal at the port given.
func (u *upCommand) startCompany(ctx context.Context) (*company, error) {
	c := &company{directory: u.path("cacompany")}
	address, err := u.companyAddress(ctx)
	if err != nil {
		return nil, err
	}
	portal := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(u.Port))
	set := exec.CommandContext(ctx, u.Company, "init", "--data", c.directory, "--portal", portal, "--listen", address) //nolint:gosec // named by the operator
	if said, err := set.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("set the CA company up: %w: %s", err, bytes.TrimSpace(said))
	}
	if c.environment, err = readEnvironment(filepath.Join(c.directory, "registration.env")); err != nil {
		return nil, fmt.Errorf("read what the CA company says of itself: %w", err)
	}
	notes, err := os.OpenFile(u.path("cacompany.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of the CA company: %w", err)
	}
	serve := exec.Command(u.Company, "serve", "--with-parent", "--faults", "--data", c.directory) //nolint:gosec,noctx // named by the operator; stopped in its turn, not by a context
	c.child, err = startChild(ctx, "the CA company", serve, notes, func(line []byte) bool { return bytes.HasPrefix(line, []byte("ready ")) })
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w; what it said is in %s", err, u.path("cacompany.log"))
	}
	return c, errors.Join(err, notes.Close()) // the child has its own copy
}

// companyAddress is the port asked for, or the usual one, or any that is free.
func (u *upCommand) companyAddress(ctx context.Context) (string, error) {
	listen := func(port int) (*net.TCPAddr, error) {
		probe, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return nil, err
		}
		address, _ := probe.Addr().(*net.TCPAddr)
		return address, probe.Close()
	}
	port := u.CompanyPort
	if port == 0 {
		port = companyPort
	}
	address, err := listen(port)
	if errors.Is(err, syscall.EADDRINUSE) && u.CompanyPort == 0 {
		address, err = listen(0)
	}
	if err != nil {
		return "", portError(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), "--ca-port", err)
	}
	return address.String(), nil
}

// operator returns login and password of the company's operator.
func (c *company) operator() (login, password string, err error) {
	said, err := readEnvironment(filepath.Join(c.directory, "operator.txt"))
	if err != nil {
		return "", "", fmt.Errorf("read the login of the CA company's operator: %w", err)
	}
	return said["login"], said["password"], nil
}

// readEnvironment reads a file of NAME=value lines; others are passed over.
func readEnvironment(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			values[name] = value
		}
	}
	return values, nil
}
