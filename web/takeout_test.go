package web

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/record"
	"unireg/storage"
	"unireg/takeout"
	"unireg/workflows"
)

// packers build exports at once, as the worker would, or are away.
type packers struct {
	*takeout.Packer
	away atomic.Bool
}

func (p *packers) StartExport(ctx context.Context, id record.ID) (bool, error) {
	if p.away.Load() {
		return false, workflows.ErrUnavailable
	}
	return true, p.BuildExport(ctx, id, func() {})
}

// packing is what builds the exports of a portal.
func packing(o *Options) *packers {
	return &packers{Packer: &takeout.Packer{Store: o.Store, Objects: o.Objects, Trust: o.Trust, Site: o.Site.Name, Log: o.Log}}
}

// newPacking is a portal that packs.
func newPacking(t *testing.T) (*portal, *packers) {
	t.Helper()
	var engine *packers
	p := newPortal(t, func(o *Options) {
		engine = packing(o)
		o.Exports = engine
	})
	return p, engine
}

// takes asks for all that is kept, with the password.
func (b *bidder) takes() *answer {
	b.p.t.Helper()
	return b.submit(b.get("/account/export"), "/account/export", url.Values{"current_password": {b.who.password}})
}

var takeoutLink = regexp.MustCompile(`href="(/account/exports/[0-9a-f-]{36}/file)"`)

// archive is where a page gives an archive out, "" where it does not.
func (a *answer) archive() string {
	if match := takeoutLink.FindStringSubmatch(a.Body); match != nil {
		return match[1]
	}
	return ""
}

// unpacked is an archive that was sent.
func (a *answer) unpacked() map[string]string {
	a.t.Helper()
	require.Equal(a.t, http.StatusOK, a.Status, a.Body)
	require.Equal(a.t, "application/zip", a.Header.Get("Content-Type"))
	require.True(a.t, strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment; "))
	reader, err := zip.NewReader(strings.NewReader(a.Body), int64(len(a.Body)))
	require.NoError(a.t, err)
	entries := map[string]string{}
	for _, f := range reader.File {
		opened, err := f.Open()
		require.NoError(a.t, err)
		content, err := io.ReadAll(opened)
		require.NoError(a.t, err)
		require.NoError(a.t, opened.Close())
		entries[f.Name] = string(content)
	}
	return entries
}

func TestB25_ABidderTakesAlongAllItsData(t *testing.T) {
	p, _ := newPacking(t)
	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	require.Contains(t, b.get("/account").Body, `href="/account/export"`)

	t.Run("B25 without the password nothing is packed", func(t *testing.T) {
		page := b.get("/account/export")
		require.Empty(t, page.archive())
		for typed, reason := range map[string]string{"": "请填写登录密码", "别的密码 123": "登录密码不正确"} {
			refused := b.submit(page, "/account/export", url.Values{"current_password": {typed}})
			require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
			require.Contains(t, refused.text(), reason)
		}
		require.Zero(t, count(t, "SELECT count(*) FROM exports WHERE subject = ?", b.who.subject.ID))
	})
	ready := b.follow(b.takes())
	link := ready.archive()
	require.NotEmpty(t, link, ready.text())
	require.Contains(t, ready.text(), "导出文件已生成")
	require.Contains(t, b.get("/messages").text(), "数据导出已完成")
	entries := b.get(link).unpacked()
	require.Contains(t, entries, "manifest.json")
	require.Contains(t, entries["subject.json"], b.who.subject.Code)

	t.Run("B25 a second click is the same request", func(t *testing.T) {
		require.Equal(t, link, b.follow(b.takes()).archive())
		require.Equal(t, 1, count(t, "SELECT count(*) FROM exports WHERE subject = ?", b.who.subject.ID))
	})
	t.Run("B25 W17 nobody else gets it", func(t *testing.T) {
		other := p.bidder()
		require.Equal(t, http.StatusNotFound, other.get(link).Status)
		require.Contains(t, p.browser().get(link).location(), "/login")
		reviewer, _ := p.newStaff(record.Supervisor, true)
		require.Contains(t, reviewer.get(link).location(), "/login")
		for _, path := range []string{"/account/exports/x/file", "/account/exports/" + string(storage.NewID()) + "/file"} {
			require.Equal(t, http.StatusNotFound, b.get(path).Status)
		}
	})
	t.Run("B25 W30 request and download are in the history and in the log", func(t *testing.T) {
		for _, event := range []string{storage.EventExportRequested, storage.EventExportReady, storage.EventExportTaken} {
			require.Positive(t, count(t, "SELECT count(*) FROM events WHERE chain = ? AND type = ?", b.who.subject.ID, event), event)
		}
		require.Contains(t, p.log.String(), "export requested")
		require.Contains(t, p.log.String(), "export taken")
	})
	t.Run("B25 after its days it says that it is gone", func(t *testing.T) {
		_, err := owner(t).NewRaw("UPDATE exports SET expires_at = now() - interval '1 second' WHERE subject = ?", b.who.subject.ID).Exec(t.Context())
		require.NoError(t, err)
		gone := b.get(link)
		require.Equal(t, http.StatusNotFound, gone.Status)
		require.Contains(t, gone.text(), "过期")
		page := b.get("/account/export")
		require.Empty(t, page.archive())
		require.Contains(t, page.text(), "已过期删除")
	})
}

func TestB25_WhileTheEngineIsAwayAnExportIsAskedForAllTheSame(t *testing.T) {
	p, engine := newPacking(t)
	engine.away.Store(true)
	b := p.bidder()
	page := b.follow(b.takes())
	require.Contains(t, page.text(), "正在生成")
	require.Contains(t, page.Body, "data-refresh")
	require.NotContains(t, page.Body, `name="current_password"`)
	open, err := p.Store.OpenExports(t.Context(), 0, 1000)
	require.NoError(t, err)
	require.NotEmpty(t, open)
	for _, id := range open {
		require.NoError(t, engine.BuildExport(t.Context(), id, func() {}))
	}
	require.NotEmpty(t, b.get("/account/export").archive())

	t.Run("B25 so often a day", func(t *testing.T) {
		engine.away.Store(false)
		for range storage.ExportsADay {
			_, err := owner(t).NewRaw("UPDATE exports SET requested_at = requested_at - interval '1 hour' WHERE subject = ?", b.who.subject.ID).Exec(t.Context())
			require.NoError(t, err)
			page = b.follow(b.takes())
		}
		require.Contains(t, page.text(), fmt.Sprintf("24 小时内最多导出 %d 次", storage.ExportsADay))
		require.Equal(t, storage.ExportsADay, count(t, "SELECT count(*) FROM exports WHERE subject = ?", b.who.subject.ID))
	})
	t.Run("B25 one that came to nothing is told, and asked for anew", func(t *testing.T) {
		other := p.bidder()
		engine.away.Store(true)
		other.takes()
		var id record.ID
		require.NoError(t, owner(t).NewRaw("SELECT id FROM exports WHERE subject = ?", other.who.subject.ID).Scan(t.Context(), &id))
		require.NoError(t, p.Store.FailExport(t.Context(), id))
		require.Contains(t, other.get("/account/export").text(), "这次导出没有成功")
		require.Contains(t, other.get("/messages").text(), "数据导出没有成功")
		engine.away.Store(false)
		require.NotEmpty(t, other.follow(other.takes()).archive())
	})
}

// A login by key stands for a password, for a while.
func TestB25_AFreshKeyStandsForThePassword(t *testing.T) {
	p, w := keyPortal(t)
	p.Exports = packing(&p.Options)
	f := p.firm(w)
	page := f.get("/account/export")
	require.NotContains(t, page.Body, `name="current_password"`)
	require.NotEmpty(t, f.follow(f.submit(page, "/account/export", nil)).archive())
	_, err := owner(t).NewRaw("UPDATE sessions SET created_at = created_at - interval '1 hour' WHERE account = ?", f.who.account).Exec(t.Context())
	require.NoError(t, err)
	stale := f.get("/account/export")
	require.Contains(t, stale.Body, `name="current_password"`)
	require.Contains(t, stale.text(), "退出后重新用 CA 证书登录")
	require.Equal(t, http.StatusUnprocessableEntity, f.submit(stale, "/account/export", nil).Status)
}

// Whoever has the archive proves the signatures in it without the portal.
func TestB25_N03_TheProofsInAnArchiveHoldByThemselves(t *testing.T) {
	w := newTown(t, false)
	entries := w.firm.get("/account/exports/" + w.export + "/file").unpacked()
	proofs := 0
	for name, content := range entries {
		if !strings.HasSuffix(name, ".signed.json") {
			require.NotContains(t, name, ".evidence", "every signature was bundled")
			continue
		}
		bundle, err := certificate.ParseBundle([]byte(content))
		require.NoError(t, err, name)
		_, err = bundle.Verify(nil)
		require.NoError(t, err, name)
		require.Equal(t, entries[strings.TrimSuffix(name, ".signed.json")+".canonical.json"], string(bundle.Document))
		require.WithinDuration(t, time.Now(), bundle.AcceptedAt, time.Hour)
		proofs++
	}
	require.Greater(t, proofs, 5)
}
