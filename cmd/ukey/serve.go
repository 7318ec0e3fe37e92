package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/net/netutil"

	"unireg/cmd/ukey/internal/agent"
	"unireg/cmd/ukey/internal/settings"
	"unireg/cmd/ukey/internal/token"
)

// places says where tokens are looked for.
type places struct {
	Tokens []string `placeholder:"DIR" type:"path" help:"Folder with token files (*.ukey); may be given several times. Default: tokens in the user's configuration folder."`
	Module []string `placeholder:"PATH" help:"PKCS#11 module of a token; may be given several times. Default: the usual places of this system."`
}

// sources opens what the flags name.
func (p places) sources() ([]token.Source, *token.Modules, error) {
	directories := p.Tokens
	if len(directories) == 0 {
		dir, err := settings.Dir()
		if err != nil {
			return nil, nil, err
		}
		directories = []string{filepath.Join(dir, "tokens")}
	}
	var sources []token.Source
	for _, dir := range directories {
		sources = append(sources, token.Directory(dir))
	}
	modules, err := p.modules()
	if err != nil {
		return nil, nil, err
	}
	return append(sources, modules), modules, nil
}

func (p places) modules() (*token.Modules, error) {
	if len(p.Module) == 0 {
		return token.NewModules(token.WellKnown...), nil
	}
	for _, path := range p.Module {
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("--module %s: give an absolute path", path)
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("--module: %w", err)
		}
	}
	return token.NewModules(p.Module...), nil
}

// configured names the settings file.
type configured struct {
	Config string `placeholder:"FILE" type:"path" help:"Settings file. Default: config.json in the user's configuration folder."`
}

func (c configured) file() (settings.File, error) {
	if c.Config != "" {
		return settings.File(c.Config), nil
	}
	dir, err := settings.Dir()
	return settings.File(filepath.Join(dir, "config.json")), err
}

type serveCommand struct {
	places
	configured
	Port   int      `default:"17680" help:"Port on 127.0.0.1."`
	Origin []string `placeholder:"URL" help:"Portal that may use the agent, for this run only; may be given several times. \"ukey origins add\" allows one for good."`
}

// pause between two looks at the tokens.
const pause = time.Second

// Run serves until the context ends.
func (c *serveCommand) Run(ctx context.Context) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	origins, err := c.origins(log)
	if err != nil {
		return err
	}
	sources, modules, err := c.sources()
	if err != nil {
		return err
	}
	listener, err := listen(c.Port)
	if err != nil {
		return err
	}
	watch := token.NewWatch(log, sources...)
	watching, stop := context.WithCancel(ctx)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		watch.Run(watching, pause)
	}()
	port := listener.Addr().(*net.TCPAddr).Port
	server := agent.New(agent.Options{
		Tokens: watch, Allowed: func(origin string) bool { return origin != "" && slices.Contains(origins(), origin) }, Origins: origins,
		Port: port, Version: revision(), Now: time.Now, Log: log,
	}).Server()
	server.BaseContext = func(net.Listener) context.Context { return ctx }
	tokens, _ := watch.Tokens()
	log.Info("the agent listens", "address", "http://"+listener.Addr().String(), "tokens", len(tokens), "origins", len(origins()))
	err = serve(ctx, server, listener)
	stop()
	<-finished
	return errors.Join(err, modules.Close())
}

// origins returns what is allowed by flags and by the settings, which are read
// anew each time: "ukey origins" counts at once.
func (c *serveCommand) origins(log *slog.Logger) (func() []string, error) {
	var fixed []string
	for _, text := range c.Origin {
		origin, err := settings.Origin(text)
		if err != nil {
			return nil, fmt.Errorf("--origin: %w", err)
		}
		fixed = append(fixed, origin)
	}
	file, err := c.file()
	if err != nil {
		return nil, err
	}
	kept, err := file.Origins()
	if err != nil {
		return nil, err
	}
	if len(fixed)+len(kept) == 0 {
		log.Warn("no portal may use the agent yet: ukey origins add https://…")
	}
	return func() []string {
		kept, err := file.Origins()
		if err != nil {
			log.Error("the settings are not in order", "error", err)
		}
		return append(slices.Clone(fixed), kept...)
	}, nil
}

// maxConnections bounds what pages and programs of this computer hold open.
const maxConnections = 64

func listen(port int) (net.Listener, error) {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s (does another agent run?): %w", address, err)
	}
	return listener, nil
}

func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		ended <- server.Shutdown(patience)
	})
	err := server.Serve(netutil.LimitListener(listener, maxConnections))
	if stop() || !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-ended
}
