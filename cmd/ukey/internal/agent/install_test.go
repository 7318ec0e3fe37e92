package agent_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheProgramIsInstalledInTheBrowser(t *testing.T) {
	d := newDesk(t)
	page := d.send(http.MethodGet, "/install", "")
	require.Contains(t, page.body, ">安装<")
	require.Contains(t, page.body, d.program.state.Program)
	fields := url.Values{"csrf": {secret(t, page)}}

	d.program.fault = errors.New("disk full")
	a := d.fill("/install", fields)
	require.Equal(t, http.StatusInternalServerError, a.status)
	require.Contains(t, a.body, "disk full")

	d.program.fault = nil
	a = d.fill("/install", fields)
	require.Equal(t, http.StatusSeeOther, a.status)
	page = d.send(http.MethodGet, a.header.Get("Location"), "")
	for _, part := range []string{"安装完成", ">完成<", ">重新安装<", ">卸载<"} {
		require.Contains(t, page.body, part)
	}
	d.program.state.Own = true
	require.NotContains(t, d.send(http.MethodGet, "/install", "").body, "重新安装")

	d.program.moves = true
	a = d.fill("/install", fields)
	require.Contains(t, a.body, `http-equiv="refresh"`)
	require.Contains(t, d.fill("/uninstall", fields).body, "已卸载")
	require.False(t, d.program.state.Installed)
}

func TestW13OnlyTheAgentsOwnPageInstalls(t *testing.T) {
	d := newDesk(t)
	fields := url.Values{"csrf": {secret(t, d.send(http.MethodGet, "/install", ""))}}
	for _, path := range []string{"/install", "/uninstall"} {
		for name, send := range map[string]func() answer{
			"no secret":         func() answer { return d.fill(path, nil) },
			"a foreign page":    func() answer { return d.fill(path, fields, "Origin", "https://evil.example") },
			"an allowed portal": func() answer { return d.fill(path, fields, "Origin", portal) },
			"a cross-site form": func() answer { return d.fill(path, fields, "Sec-Fetch-Site", "cross-site") },
			"no origin":         func() answer { return d.fill(path, fields, "Origin", "") },
		} {
			t.Run(path+" "+name, func(t *testing.T) {
				require.Equal(t, http.StatusForbidden, send().status)
				require.False(t, d.program.state.Installed)
			})
		}
	}
	require.Equal(t, http.StatusMisdirectedRequest, d.fill("/install", fields, "Host", "evil.example").status)
}
