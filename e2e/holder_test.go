package e2e

import (
	"bytes"
	"net/http"
	"net/url"
	"path"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
)

// holder is a bidder who holds a certificate and has its key in a token file.
type holder struct {
	*bidder
	key   key
	byKey bool // the session is the key's
}

// newHolder registers an organization and takes it to its certificate without a
// browser, as certificate_test.go does in one. The session is by password.
func newHolder(t testing.TB, s *system, name string) *holder {
	t.Helper()
	b := newBidder(t, s, name).complete(t)
	a := &applicant{bidder: b, application: storage.NewID()}
	posted := b.at(s.origin).post(t, "/ca/applications", url.Values{
		"command": {string(a.application)}, "business": {"apply"}, "kind": {"organization"}, "years": {"1"}, "pickup": {"counter"},
	})
	require.Equal(t, http.StatusSeeOther, posted.status, posted.body)
	a.stands(t, record.ApplicationSent)
	s.company.issues(t, s, string(a.application), "SM2")
	eventually(t, patience, func() string { return b.holds(t, record.CertificateValid) })
	return &holder{bidder: b, key: s.keyOf(t, a.application)}
}

// useKey makes the holder's session one of the key. The windows in which the
// holder sits by password are out from then on.
func (h *holder) useKey(t testing.TB) {
	t.Helper()
	if h.byKey {
		return
	}
	got := h.enters(t, h.key)
	require.Equal(t, http.StatusSeeOther, got.status, got.body)
	h.byKey = true
}

// sitWithKey opens a window in which the holder is logged in with the key.
func (h *holder) sitWithKey(t testing.TB) *person {
	t.Helper()
	h.useKey(t)
	p := h.sit(t)
	p.sendsNoHeader()
	return p
}

// filing is one of the records of which a holder files many.
type filing struct {
	*holder
	id   record.ID
	kind record.Kind
}

// begins opens a draft of that kind, which write fills: its attachments refer
// to a file that is stored with it.
func (h *holder) begins(t testing.TB, kind record.Kind, write func(file form.File) record.Document) *filing {
	t.Helper()
	ctx := t.Context()
	id, err := h.system.store.StartDraft(ctx, h.account, h.subject, kind)
	require.NoError(t, err)
	stored, err := h.system.files.Upload(ctx, storage.Upload{
		Subject: h.subject.ID, Account: h.account, Record: id, Field: "certificate", Name: "扫描件.pdf",
	}, bytes.NewReader(pdfContent(string(id))))
	require.NoError(t, err)
	_, err = h.system.store.SaveDraft(ctx, h.subject.ID, id, 1, write(stored.Form()))
	require.NoError(t, err)
	return &filing{h, id, kind}
}

// path is the address of one of the record's pages.
func (f *filing) path(rest string) string { return "/records/" + string(f.id) + rest }

// submitted hands the draft in with the key, and waits until it is applied.
func (f *filing) submitted(t testing.TB) *filing {
	t.Helper()
	f.useKey(t)
	draft, err := f.system.store.Draft(t.Context(), f.subject.ID, f.id)
	require.NoError(t, err)
	got := f.handsInSigned(t, f.key, f.id, draft.Version, storage.NewID())
	require.True(t, got.accepted(), got.body)
	f.reaches(t, record.UnderReview)
	return f
}

// approved has a reviewer take the filing and approve it.
func (f *filing) approved(t testing.TB, by *member) *filing {
	t.Helper()
	f.decides(t, f.id, f.kind, by, record.Approve, "")
	f.reaches(t, record.NothingFiled)
	return f
}

// returned has a reviewer take the filing and send it back.
func (f *filing) returned(t testing.TB, by *member, reason string, remarks ...record.Remark) *filing {
	t.Helper()
	f.decides(t, f.id, f.kind, by, record.Return, reason, remarks...)
	f.reaches(t, record.Returned)
	return f
}

// reaches waits until the filing stands there.
func (f *filing) reaches(t testing.TB, stands record.Filing) {
	t.Helper()
	f.filed(t, f.id, stands)
}

// scanned waits until the virus scan of the record's files is over.
func (f *filing) scanned(t testing.TB) {
	t.Helper()
	eventually(t, 30*time.Second, func() string {
		files, err := f.system.store.FilesOf(t.Context(), f.subject.ID, f.id)
		if err != nil {
			return err.Error()
		}
		for _, file := range files {
			if !file.Scanned {
				return "a file waits for its scan"
			}
		}
		return ""
	})
}

// sitByPassword opens a window in a session of its own by password.
func (h *holder) sitByPassword(t testing.TB) *person {
	t.Helper()
	own := *h.bidder
	own.logIn(t)
	p := own.sit(t)
	p.sendsNoHeader()
	return p
}

// record is one that was begun in the browser, at that address.
func (h *holder) record(address string, kind record.Kind) *filing {
	return &filing{h, record.ID(path.Base(address)), kind}
}
