// Command ukey is the USB-key agent that a bidder installs: a small service on
// 127.0.0.1 that lets the portal's page in the browser use the key plugged into
// this computer, after its PIN was typed in the agent's own window.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Open      openCommand      `cmd:"" default:"withargs" help:"Show the agent's page in the browser, and run the agent if none runs; the default, a double-click."`
	Serve     serveCommand     `cmd:"" help:"Run the agent."`
	Install   installCommand   `cmd:"" help:"Install this program for this user and have it started at login."`
	Uninstall uninstallCommand `cmd:"" help:"Take the installed program away."`
	List      listCommand      `cmd:"" help:"List tokens and the certificates that can sign."`
	NewKey    newKeyCommand    `cmd:"" help:"Draw a key in a token and print a request (CSR) for its certificate."`
	Import    importCommand    `cmd:"" help:"Write an issued certificate into the token that holds its key."`
	Origins   originsCommand   `cmd:"" help:"Manage which portals may use the agent."`
	Version   versionCommand   `cmd:"" help:"Print what was built from which revision."`
}

const description = `USB-key agent of the registration system.

It listens on 127.0.0.1 only, answers only the portals in its list, shows what is signed, and never lets a PIN leave this computer.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	var c cli
	parsed := kong.Parse(&c, kong.Name("ukey"), kong.Description(description), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(os.Stdout, (*io.Writer)(nil)), kong.Bind(os.Stdin))
	if err := parsed.Run(); err != nil {
		complain(os.Stderr, err)
		os.Exit(1)
	}
}

// complain prints a sentence for each fault.
func complain(out io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		_, _ = fmt.Fprintf(out, "ukey: %s\n", strings.TrimRight(line, "\n"))
	}
}
