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
	"unireg/cmd/ukey/internal/install"
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
		dir, err := tokensFolder()
		if err != nil {
			return nil, nil, err
		}
		directories = []string{dir}
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

// service is the agent's flags.
type service struct {
	places
	configured
	Port   int      `default:"17680" help:"Port on 127.0.0.1."`
	Origin []string `placeholder:"URL" help:"Portal that may use the agent, for this run only; may be given several times. \"ukey origins add\" allows one for good."`
}

// args returns the flags as a command line.
func (c *service) args() []string {
	args := []string{"--port", strconv.Itoa(c.Port)}
	if c.Config != "" {
		args = append(args, "--config", c.Config)
	}
	for flag, values := range map[string][]string{"--tokens": c.Tokens, "--module": c.Module, "--origin": c.Origin} {
		for _, value := range values {
			args = append(args, flag, value)
		}
	}
	return args
}

type serveCommand struct {
	service
	Succeed bool `hidden:"" help:"Say on standard output when ready, and take over the port as soon as it is free."`
}

// Run serves until the context ends.
func (c *serveCommand) Run(ctx context.Context) error {
	return c.run(ctx, role{successor: c.Succeed, ready: func(*slog.Logger, string, *program) error {
		hideConsole()
		return nil
	}})
}

// role is what one run of the service does beyond serving.
type role struct {
	successor  bool // it takes the port over from another
	succession bool // once installed, the installed program takes over from it
	ready      func(log *slog.Logger, address string, p *program) error
}

// pause between two looks at the tokens.
const pause = time.Second

// run serves until the context ends, or the program is uninstalled or replaced
// in the browser.
func (c *service) run(ctx context.Context, r role) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	origins, err := c.origins(log)
	if err != nil {
		return err
	}
	file, err := c.file()
	if err != nil {
		return err
	}
	sources, modules, err := c.sources()
	if err != nil {
		return err
	}
	watch := token.NewWatch(log, sources...)
	listener, err := c.listen(ctx, r.successor)
	if err != nil {
		return errors.Join(err, modules.Close())
	}
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		watch.Run(ctx, pause)
	}()
	own := &program{Installation: install.New(tokensFolder), leave: leave}
	if r.succession {
		own.succeed = func(path string) error {
			return succession(ctx, path, append([]string{"serve", "--succeed"}, c.args()...))
		}
	}
	server := agent.New(agent.Options{
		Tokens: watch, Allowed: func(origin string) bool { return origin != "" && slices.Contains(origins(), origin) }, Origins: origins,
		Allow:   func(origin string) error { _, err := file.Add(origin); return err },
		Forbid:  func(origin string) error { _, err := file.Remove(origin); return err },
		Program: own, Port: listener.Addr().(*net.TCPAddr).Port, Version: revision(), Now: time.Now, Log: log,
	}).Server()
	server.BaseContext = func(net.Listener) context.Context { return ctx }
	tokens, _ := watch.Tokens()
	address := "http://" + listener.Addr().String()
	log.Info("the agent listens", "address", address, "tokens", len(tokens), "origins", len(origins()))
	served := make(chan error, 1)
	go func() { served <- serve(ctx, server, listener) }()
	told := r.ready(log, address, own)
	if told != nil {
		leave()
	}
	err = <-served
	leave()
	<-finished
	return errors.Join(told, err, modules.Close())
}

// origins returns what is allowed by flags and by the settings, which are read
// anew each time: "ukey origins" counts at once.
func (c *service) origins(log *slog.Logger) (func() []string, error) {
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
		log.Warn("no portal may use the agent yet: its page asks for it, or ukey origins add https://…")
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

// takeover is how long a successor waits for the port.
const takeover = 20 * time.Second

// listen takes the port; a successor says that it is ready, and takes it as soon
// as it is free.
func (c *service) listen(ctx context.Context, successor bool) (net.Listener, error) {
	if !successor {
		return listen(c.Port)
	}
	if _, err := os.Stdout.WriteString(ready); err != nil {
		return nil, fmt.Errorf("tell that this program is ready: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, takeover)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		listener, err := listen(c.Port)
		if err == nil {
			return listener, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-again.C:
		}
	}
}

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
