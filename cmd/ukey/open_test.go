package main

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// desktop is a person's computer without a terminal: a home of its own, and a
// browser that only notes what it was to open.
type desktop struct {
	t             *testing.T
	program, home string
	installed     string
	entry         string
	opened        string // file of the addresses, one a line
	port          string
}

func newDesktop(t *testing.T) *desktop {
	t.Helper()
	home := t.TempDir()
	d := &desktop{
		t: t, program: build(t), home: home, installed: filepath.Join(home, "data", "unireg-ukey", "ukey"),
		entry: filepath.Join(home, "config", "autostart", "unireg-ukey.desktop"), opened: filepath.Join(home, "opened"),
	}
	tools := filepath.Join(home, "tools")
	require.NoError(t, os.Mkdir(tools, 0o700))
	browser := "#!/bin/sh\necho \"$1\" >> '" + d.opened + "'\n"
	require.NoError(t, os.WriteFile(filepath.Join(tools, "xdg-open"), []byte(browser), 0o700))
	for name, value := range map[string]string{
		"HOME": home, "XDG_DATA_HOME": filepath.Join(home, "data"), "XDG_CONFIG_HOME": filepath.Join(home, "config"), "PATH": tools + ":" + os.Getenv("PATH"),
	} {
		t.Setenv(name, value)
	}
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	d.port = strconv.Itoa(free.Addr().(*net.TCPAddr).Port)
	require.NoError(t, free.Close())
	t.Cleanup(d.end)
	return d
}

// end ends the installed program should a test that failed have left it.
func (d *desktop) end() {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if path, err := os.Readlink(link); err == nil && strings.HasPrefix(path, d.home) {
			id, err := strconv.Atoi(strings.Split(link, "/")[2])
			require.NoError(d.t, err)
			_ = syscall.Kill(id, syscall.SIGKILL)
		}
	}
}

// click starts a program as a double-click does.
func (d *desktop) click(program string) *exec.Cmd {
	d.t.Helper()
	command := exec.Command(program, "--port", d.port, "--module", "/bin/true")
	require.NoError(d.t, command.Start())
	return command
}

func (d *desktop) address() string { return "http://127.0.0.1:" + d.port }

// sees waits until the browser was told to open so many addresses, and returns
// the last one.
func (d *desktop) sees(count int) string {
	d.t.Helper()
	var lines []string
	require.Eventually(d.t, func() bool {
		text, _ := os.ReadFile(d.opened)
		lines = strings.Fields(string(text))
		return len(lines) == count
	}, 30*time.Second, 20*time.Millisecond, "%v", lines)
	return lines[count-1]
}

// press sends the form of the page of the installation.
func (d *desktop) press(path string) string {
	d.t.Helper()
	page := ask(d.t, http.MethodGet, d.address()+"/install", d.address(), "", "", nil)
	csrf := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page)
	form := url.Values{"csrf": {csrf[1]}}
	return ask(d.t, http.MethodPost, d.address()+path, d.address(), "application/x-www-form-urlencoded", form.Encode(), nil)
}

// serves says whether something listens on the port.
func (d *desktop) serves() bool {
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Second)
	defer cancel()
	connection, err := new(net.Dialer).DialContext(ctx, "tcp4", "127.0.0.1:"+d.port)
	return err == nil && connection.Close() == nil
}

// From the double-click on the downloaded file to an agent that is installed and
// runs from its place, and away again: all in the browser.
func TestC2InstalledWithoutATerminal(t *testing.T) {
	d := newDesktop(t)
	first := d.click(d.program)
	require.Equal(t, d.address()+"/install", d.sees(1))
	require.Contains(t, d.press("/install"), "正在启动")
	require.NoError(t, first.Wait(), "the downloaded program gives way to the installed one")
	require.FileExists(t, d.entry)
	require.DirExists(t, filepath.Join(d.home, "config", "unireg-ukey", "tokens"))
	require.Eventually(t, d.serves, 10*time.Second, 20*time.Millisecond)
	page := ask(t, http.MethodGet, d.address()+"/install", d.address(), "", "", nil)
	require.Contains(t, page, "安装完成")
	require.NotContains(t, page, "重新安装", "the installed program answers")

	again := d.click(d.program)
	require.NoError(t, again.Wait(), "one that runs already is only shown")
	require.Equal(t, d.address()+"/", d.sees(2))

	require.Contains(t, d.press("/uninstall"), "已卸载")
	require.Eventually(t, func() bool { return !d.serves() }, 10*time.Second, 20*time.Millisecond)
	require.NoFileExists(t, d.installed)
	require.NoFileExists(t, d.entry)
	require.DirExists(t, filepath.Join(d.home, "config", "unireg-ukey", "tokens"))
}

func TestInstalledByCommand(t *testing.T) {
	d := newDesktop(t)
	require.Contains(t, run(t, d.program, "", "install"), d.installed)
	own := d.click(d.installed)
	require.Equal(t, d.address()+"/", d.sees(1), "an installed program shows that it runs")
	_, complaint, err := attempt(t, d.program, "", "serve", "--port", d.port, "--module", "/bin/true")
	require.Error(t, err)
	require.Contains(t, complaint, "another agent")
	d.sees(1) // serve opens no browser
	require.NoError(t, own.Process.Signal(syscall.SIGTERM))
	require.NoError(t, own.Wait())
	run(t, d.program, "", "uninstall")
	require.NoFileExists(t, d.entry)
	require.NoFileExists(t, d.installed)
}

// A port that something else than an agent holds is told, not shown.
func TestADoubleClickSaysThatThePortIsTaken(t *testing.T) {
	d := newDesktop(t)
	other, err := net.Listen("tcp4", "127.0.0.1:"+d.port)
	require.NoError(t, err)
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(other) }()
	defer server.Close()
	_, complaint, err := attempt(t, d.program, "", "--port", d.port, "--module", "/bin/true")
	require.Error(t, err)
	require.Contains(t, complaint, "does another agent run?")
	require.NoFileExists(t, d.opened)
}
