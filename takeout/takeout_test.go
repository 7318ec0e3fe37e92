package takeout_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"path"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/takeout"
	"unireg/web/paper"
)

func TestMain(m *testing.M) { storagetest.Main(m) }

var numbers atomic.Int64

// staffName is the name of everybody who reviews, which is in no archive.
const staffName = "审核员欧阳秋水"

// tenant is a subject that holds a key, with what it files.
type tenant struct {
	*storage.Store
	t       testing.TB
	objects *storage.Objects
	files   *storage.Files
	subject record.Subject
	account record.ID
	key     certificatetest.Key
	staff   record.ID
	profile record.ID
}

// newTenant is a subject with a profile in force, every field of which bears its
// name or number.
func newTenant(t testing.TB, w *certificatetest.World, objects *storage.Objects) *tenant {
	t.Helper()
	n := int(numbers.Add(1))
	s := &tenant{Store: storagetest.Open(t), t: t, objects: objects}
	s.files = storage.NewFiles(s.Store, objects, storage.FileLimits{})
	registered, err := s.Register(t.Context(), storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(700_000 + n), Name: fmt.Sprintf("带走%d有限公司", n), Password: "hash",
	})
	require.NoError(t, err)
	s.subject, s.account = registered.Subject, registered.Account
	s.key = w.Issue(t, certificate.RSA, s.subject.Code)
	_, err = s.LoginByCertificate(t.Context(), storage.CertificateLogin{
		Certificate: s.key.Certificate, Verified: s.key.Verified, NoPassword: "none", Holds: s.account,
	})
	require.NoError(t, err)
	s.staff, err = s.AddStaff(t.Context(), record.Actor{}, storage.NewStaff{
		Login: "s" + string(storage.NewID()), Name: staffName, Role: record.Reviewer, Identity: sample.ResidentID(800_000 + n), Password: "hash", Secret: "secret",
	})
	require.NoError(t, err)
	s.profile = s.begin(record.OrganizationProfile, func(file form.File) record.Document {
		d := sample.Organization(s.subject.Code, s.subject.Name, file)
		d.Address = s.canary("地址")
		d.Representative.IDNumber = sample.ResidentID(810_000 + n)
		return d
	})
	s.submit(s.profile)
	s.decide(s.profile, record.Return, s.canary("退回原因"))
	s.submit(s.profile)
	s.decide(s.profile, record.Approve, "")
	return s
}

// canary is a text that only this tenant's archive may hold.
func (s *tenant) canary(what string) string { return what + "之" + s.subject.Code }

func (s *tenant) by() record.Actor {
	return record.Actor{Role: record.Applicant, ID: s.account, Assurance: record.ByCertificate, Certificate: s.key.Certificate.SHA256()}
}

// begin opens a draft and writes a document into it, with an attachment of its own.
func (s *tenant) begin(kind record.Kind, document func(form.File) record.Document) record.ID {
	s.t.Helper()
	id, err := s.StartDraft(s.t.Context(), s.account, s.subject, kind)
	require.NoError(s.t, err)
	file := s.upload(id, s.canary("扫描件")+".pdf", []byte("%PDF-1.4\n"+s.canary(string(kind))))
	_, err = s.SaveDraft(s.t.Context(), s.subject.ID, id, 1, document(file))
	require.NoError(s.t, err)
	return id
}

func (s *tenant) upload(id record.ID, name string, content []byte) form.File {
	s.t.Helper()
	file, err := s.files.Upload(s.t.Context(), storage.Upload{Subject: s.subject.ID, Account: s.account, Record: id, Field: "licence", Name: name}, bytes.NewReader(content))
	require.NoError(s.t, err)
	return file.Form()
}

func (s *tenant) submit(id record.ID) {
	s.t.Helper()
	draft, err := s.Draft(s.t.Context(), s.subject.ID, id)
	require.NoError(s.t, err)
	c := record.Command{Record: id, Subject: s.subject.ID, Move: record.Submit, Actor: s.by(), Draft: draft.Version, Signature: []byte("signature")}
	c.Digest, _, err = s.DraftDigest(s.t.Context(), s.subject.ID, id, draft.Version)
	require.NoError(s.t, err)
	s.give(c)
}

func (s *tenant) decide(id record.ID, move record.Move, reason string) {
	s.t.Helper()
	s.give(record.Command{Record: id, Move: move, Actor: record.Actor{Role: record.Reviewer, ID: s.staff}, Reason: reason})
}

func (s *tenant) give(c record.Command) {
	s.t.Helper()
	c.ID = storage.NewID()
	_, err := s.Accept(s.t.Context(), c)
	require.NoError(s.t, err)
	applied, err := s.Apply(s.t.Context(), c.Record, []record.ID{c.ID})
	require.NoError(s.t, err)
	require.True(s.t, applied.Outcomes[0].Applied, applied.Outcomes[0].Refusal)
}

func (s *tenant) packer() *takeout.Packer {
	return &takeout.Packer{Store: s.Store, Objects: s.objects, Site: "测试省注册系统", Log: slog.New(slog.DiscardHandler)}
}

func (s *tenant) request() record.ID {
	s.t.Helper()
	export, err := s.RequestExport(s.t.Context(), s.by(), s.subject.ID)
	require.NoError(s.t, err)
	return export.ID
}

// taken is the archive of an export, opened, with each entry compared with the list.
func (s *tenant) taken(id record.ID) map[string]string {
	s.t.Helper()
	export, content, err := storage.NewExports(s.Store, s.objects).Open(s.t.Context(), s.by(), s.subject.ID, id)
	require.NoError(s.t, err)
	packed, err := io.ReadAll(content)
	require.NoError(s.t, errors.Join(err, content.Close()))
	require.Equal(s.t, export.Size, int64(len(packed)))
	reader, err := zip.NewReader(bytes.NewReader(packed), export.Size)
	require.NoError(s.t, err)
	entries := map[string]string{}
	for _, f := range reader.File {
		opened, err := f.Open()
		require.NoError(s.t, err)
		content, err := io.ReadAll(opened)
		require.NoError(s.t, errors.Join(err, opened.Close()))
		require.NotContains(s.t, entries, f.Name, "each name once")
		entries[f.Name] = string(content)
	}
	var manifest struct {
		Entries []struct {
			Path, SHA256 string
			Size         int
		}
	}
	require.NoError(s.t, json.Unmarshal([]byte(entries["manifest.json"]), &manifest))
	require.Len(s.t, manifest.Entries, len(entries)-1, "it lists all but itself")
	for _, e := range manifest.Entries {
		require.Contains(s.t, entries, e.Path)
		sum := sha256.Sum256([]byte(entries[e.Path]))
		require.Equal(s.t, hex.EncodeToString(sum[:]), e.SHA256, e.Path)
		require.Len(s.t, entries[e.Path], e.Size, e.Path)
	}
	return entries
}

func (s *tenant) build(id record.ID) map[string]string {
	s.t.Helper()
	require.NoError(s.t, s.packer().BuildExport(s.t.Context(), id, func() {}))
	return s.taken(id)
}

func TestB25_ASubjectTakesAlongAllThatIsKeptOfIt(t *testing.T) {
	w, objects := certificatetest.New(t, "", ""), storagetest.Bucket(t)
	mine, other := newTenant(t, w, objects), newTenant(t, w, objects)
	qualification := mine.begin(record.Qualification, func(file form.File) record.Document { return sample.Qualification("Q1", file) })
	mine.submit(qualification)
	written := mine.begin(record.Award, func(file form.File) record.Document { return sample.Award(mine.canary("奖"), file) })
	_, err := mine.StartSession(t.Context(), storage.NewSession{Token: []byte(mine.subject.Code), Account: mine.account, Assurance: record.ByPassword, Address: "192.0.2.7", Lifetime: 1 << 40})
	require.NoError(t, err)
	for _, s := range []*tenant{mine, other} {
		require.NoError(t, s.ProposeContact(t.Context(), storage.NewContact{
			Account: s.account, Channel: storage.ByEmail, Address: s.subject.Code + "@example.cn", Code: "271828", Language: "zh-CN",
		}))
		_, err := s.VerifyContact(t.Context(), s.account, storage.ByEmail, "271828")
		require.NoError(t, err)
	}
	entries := mine.build(mine.request())

	t.Run("B25 every version is there: as it was hashed, for machines, for people, with its proof", func(t *testing.T) {
		for _, c := range []struct {
			kind record.Kind
			id   record.ID
			no   int
		}{{record.OrganizationProfile, mine.profile, 1}, {record.OrganizationProfile, mine.profile, 2}, {record.Qualification, qualification, 1}} {
			base := fmt.Sprintf("records/%s/%s/versions/%d", c.kind, c.id, c.no)
			content, err := mine.VersionContent(t.Context(), mine.subject.ID, c.id, c.no)
			require.NoError(t, err)
			require.Equal(t, string(content), entries[base+".canonical.json"])
			var read struct {
				Content  json.RawMessage
				SHA256   string
				Sections []struct {
					Label  string
					Fields []struct{ Label, Value string }
				}
			}
			require.NoError(t, json.Unmarshal([]byte(entries[base+".json"]), &read))
			require.JSONEq(t, string(content), string(read.Content))
			sum := sha256.Sum256(content)
			require.Equal(t, hex.EncodeToString(sum[:]), read.SHA256)
			require.NotEmpty(t, read.Sections[0].Label)
			require.Equal(t, "signature", entries[base+".evidence"])
			words, err := paper.Text([]byte(entries[base+".pdf"]))
			require.NoError(t, err)
			for _, section := range read.Sections {
				require.Contains(t, words, section.Label)
			}
			require.Contains(t, words, mine.subject.Name)
		}
		require.Contains(t, entries[fmt.Sprintf("records/organization/%s/record.json", mine.profile)], `"version_in_force": 2`)
	})
	t.Run("B25 drafts, attachments, certificates, history, messages, logins, contacts", func(t *testing.T) {
		require.Contains(t, entries["drafts/award/"+string(written)+".json"], mine.canary("奖"))
		attachments := 0
		for name, content := range entries {
			if strings.HasPrefix(name, "files/") {
				attachments++
				require.True(t, strings.HasPrefix(content, "%PDF-1.4\n"))
				require.Contains(t, path.Base(name), mine.canary("扫描件"))
			}
		}
		require.Equal(t, 3, attachments)
		require.Contains(t, entries["certificates.json"], mine.key.Certificate.Serial())
		require.Contains(t, entries["events.json"], mine.canary("退回原因"))
		require.Contains(t, entries["events.json"], `"role_name": "审核员"`)
		require.Contains(t, entries["messages.json"], storage.TopicApproved)
		require.Contains(t, entries["logins.json"], "192.0.2.7")
		require.Contains(t, entries["contacts.json"], mine.subject.Code+"@example.cn")
		require.NotContains(t, entries["contacts.json"], "271828")
		require.Contains(t, entries["subject.json"], mine.subject.Code)
		require.Contains(t, entries["README.txt"], mine.subject.Name)
		for name := range entries {
			require.NotRegexp(t, `[<>:"\\|?*\x00-\x1f]|[. ]$|[. ]/`, name, "Windows takes it")
			require.LessOrEqual(t, len(name), 180)
		}
	})
	t.Run("B25 W17 nothing of anybody else", func(t *testing.T) {
		foreign := []string{
			other.subject.Name, other.subject.Code, other.canary("地址"), string(other.subject.ID), string(other.profile), other.key.Certificate.Serial(),
			staffName, string(mine.staff), sample.ResidentID(810_000 + int(numbers.Load())),
		}
		for name, content := range entries {
			words := content
			if strings.HasSuffix(name, ".pdf") && !strings.HasPrefix(name, "files/") {
				var err error
				words, err = paper.Text([]byte(content))
				require.NoError(t, err)
			}
			for _, text := range foreign {
				require.NotContains(t, words, text, name)
				require.NotContains(t, name, text)
			}
		}
		require.NotContains(t, entries["logins.json"], "token")
	})
}

// What a stranger left who was put aside, and who logged in to another account, is
// not the holder's to take.
func TestB25_WhatAStrangerLeftIsNotTaken(t *testing.T) {
	w, objects := certificatetest.New(t, "", ""), storagetest.Bucket(t)
	s := &tenant{Store: storagetest.Open(t), t: t, objects: objects}
	s.files = storage.NewFiles(s.Store, objects, storage.FileLimits{})
	registered, err := s.Register(t.Context(), storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(700_000 + int(numbers.Add(1))), Name: "先来的人登记的名称", Password: "hash",
	})
	require.NoError(t, err)
	s.subject, s.account = registered.Subject, registered.Account
	s.begin(record.OrganizationProfile, func(file form.File) record.Document {
		d := sample.Organization(s.subject.Code, s.subject.Name, file)
		d.Address = "陌生人写的地址"
		return d
	})
	_, err = s.StartSession(t.Context(), storage.NewSession{Token: []byte(s.subject.Code), Account: s.account, Assurance: record.ByPassword, Address: "192.0.2.99", Lifetime: 1 << 40})
	require.NoError(t, err)
	s.key = w.Issue(t, certificate.RSA, s.subject.Code)
	grant, err := s.LoginByCertificate(t.Context(), storage.CertificateLogin{Certificate: s.key.Certificate, Verified: s.key.Verified, NoPassword: "none"})
	require.NoError(t, err)
	require.True(t, grant.TakenOver)
	s.account = grant.Account
	for name, content := range s.build(s.request()) {
		for _, text := range []string{"陌生人写的地址", "192.0.2.99"} {
			require.NotContains(t, content, text, name)
		}
		require.False(t, strings.HasPrefix(name, "files/"), name)
	}
}

// A worker that dies in the middle leaves nothing, and the next one makes one
// archive.
func TestB25_WhoeverDiesInTheMiddleOneArchiveComesOfIt(t *testing.T) {
	s := newTenant(t, certificatetest.New(t, "", ""), storagetest.Bucket(t))
	id := s.request()
	for _, beats := range []int{1, 5, 20, 40} {
		ctx, cancel := context.WithCancel(t.Context())
		left := beats
		err := s.packer().BuildExport(ctx, id, func() {
			if left--; left == 0 {
				cancel()
			}
		})
		cancel()
		require.Error(t, err, "after %d beats", beats)
	}
	require.NotEmpty(t, s.build(id))
	require.NoError(t, s.packer().BuildExport(t.Context(), id, func() {}), "again it does nothing")
	_, err := s.packer().SweepExports(t.Context())
	require.NoError(t, err)
	kept := 0
	for _, err := range s.objects.List(t.Context(), "exports/") {
		require.NoError(t, err)
		kept++
	}
	require.Equal(t, 1, kept)
	require.NoError(t, s.packer().BuildExport(t.Context(), storage.NewID(), func() {}), "one that is forgotten is nobody's work")
}

// An attachment that is gone, or was changed behind our back, keeps nobody from the
// rest.
func TestB25_AnAttachmentThatIsNotInOrderIsNamed(t *testing.T) {
	s := newTenant(t, certificatetest.New(t, "", ""), storagetest.Bucket(t))
	id := s.begin(record.Award, func(file form.File) record.Document { return sample.Award("奖", file) })
	gone := s.upload(id, "没有了.pdf", []byte("%PDF-1.4\ngone"))
	changed := s.upload(id, "变了的.pdf", []byte("%PDF-1.4\nbefore"))
	same := s.upload(id, "一样的.pdf", []byte("%PDF-1.4\nsame"))
	again := s.upload(id, "一样的.pdf", []byte("%PDF-1.4\nsame"))
	app, _ := storagetest.OpenDB(t)
	object := func(f form.File) string {
		t.Helper()
		var key string
		require.NoError(t, app.NewRaw("SELECT object FROM files WHERE id = ?", f.ID).Scan(t.Context(), &key))
		return key
	}
	require.NoError(t, s.objects.Remove(t.Context(), object(gone)))
	_, err := s.objects.Put(t.Context(), object(changed), strings.NewReader("%PDF-1.4\nafter!"), 100, "application/pdf")
	require.NoError(t, err)
	entries := s.build(s.request())
	var list []struct{ ID, Path, Missing string }
	require.NoError(t, json.Unmarshal([]byte(entries["files.json"]), &list))
	told := map[string]string{}
	for _, f := range list {
		told[f.ID] = f.Missing
		if f.Path != "" {
			require.Contains(t, entries, f.Path)
		}
	}
	require.Equal(t, "存储中没有这个文件", told[gone.ID])
	require.Equal(t, "内容与登记的指纹不一致", told[changed.ID])
	require.Empty(t, told[same.ID])
	require.Contains(t, told, again.ID, "it lies there once and is listed twice")
}

// However much there is, little of it is in memory at a time.
func TestB25_TwoHundredMegabytesPassThroughLittleMemory(t *testing.T) {
	s := newTenant(t, certificatetest.New(t, "", ""), storagetest.Bucket(t))
	id := s.begin(record.Award, func(file form.File) record.Document { return sample.Award("奖", file) })
	const count, size = 11, 19 << 20
	noise := rand.NewChaCha8([32]byte{25})
	for n := range count {
		content := make([]byte, size)
		_, err := noise.Read(content)
		require.NoError(t, err)
		copy(content, "%PDF-1.4\n")
		s.upload(id, fmt.Sprintf("大文件%d.pdf", n), content)
	}
	export := s.request()
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	highest, beats := uint64(0), 0
	err := s.packer().BuildExport(t.Context(), export, func() {
		if beats++; beats%200 == 0 {
			runtime.ReadMemStats(&now)
			highest = max(highest, now.HeapInuse)
		}
	})
	require.NoError(t, err)
	grown := int64(highest) - int64(before.HeapInuse)
	t.Logf("%d MiB packed, the heap grew by %d MiB", count*size>>20, grown>>20)
	require.Less(t, grown, int64(96<<20))
	found, err := s.Exports(t.Context(), s.subject.ID, s.account, 1)
	require.NoError(t, err)
	require.Greater(t, found[0].Size, int64(count*size))
}
