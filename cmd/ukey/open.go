package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"unireg/cmd/ukey/internal/agent"
)

type openCommand struct{ service }

// Run shows the agent's page in the browser. Where no agent runs yet, it is one
// itself until the context ends: started by a double-click, it has no other way
// to speak to the person.
func (c *openCommand) Run(ctx context.Context) error {
	err := c.open(ctx)
	if err != nil {
		alert("CA 驱动没有启动：" + err.Error())
	}
	return err
}

func (c *openCommand) open(ctx context.Context) error {
	address := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port))
	if another(ctx, address) {
		return browse(ctx, address+"/")
	}
	return c.run(ctx, role{succession: true, ready: func(log *slog.Logger, address string, p *program) error {
		hideConsole()
		page, err := p.firstPage()
		if err != nil {
			return err
		}
		if err := browse(ctx, address+page); err != nil {
			log.Warn("the browser was not opened", "error", err)
		}
		return nil
	}})
}

// firstPage is the path of the page that a double-click shows: what is to be
// done to install the program that runs, or that it runs.
func (p *program) firstPage() (string, error) {
	s, err := p.State()
	if s.Installed && s.Own {
		return "/", err
	}
	return "/install", err
}

// another says whether an agent serves at an address already.
func another(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.Header.Get("Server") == agent.Name
}

// alert shows a fault to a person who sees no terminal; on a terminal it is
// printed anyhow.
func alert(text string) {
	if err := showAlert(text); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		_, _ = fmt.Fprintln(os.Stderr, "ukey:", err)
	}
}
