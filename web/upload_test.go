package web

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

const aPDF = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

func TestB22_UploadsAnswerInWords(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	large := append([]byte(aPDF), make([]byte, 21<<20)...)
	for name, test := range map[string]struct {
		field, file string
		content     []byte
		status      int
		says        string
	}{
		"a scan":                       {"licence", "营业执照 正本.PNG", picture(t, 8), http.StatusCreated, `"state":"unscanned"`},
		"a PDF":                        {"licence", "执照.pdf", []byte(aPDF), http.StatusCreated, `"type":"application/pdf"`},
		"U1 a PDF named .jpg":          {"licence", "执照.jpg", []byte(aPDF), http.StatusUnprocessableEntity, "内容却是 PDF"},
		"U1 a program":                 {"licence", "setup.exe", []byte("MZ"), http.StatusUnprocessableEntity, "只能上传 PDF、JPG、PNG"},
		"U1 a page named .pdf":         {"licence", "a.pdf", []byte("<html><script>alert(1)</script>"), http.StatusUnprocessableEntity, "内容却不是 PDF"},
		"nothing in it":                {"licence", "a.pdf", nil, http.StatusUnprocessableEntity, "文件是空的"},
		"21 MiB":                       {"licence", "大.pdf", large, http.StatusRequestEntityTooLarge, "文件超过 20 MB"},
		"a field that takes no files":  {"legal_name", "a.pdf", []byte(aPDF), http.StatusNotFound, "error"},
		"a field that does not exist":  {"nonsense", "a.pdf", []byte(aPDF), http.StatusNotFound, "error"},
		"a name with folders in it":    {"licence", `../../etc/执照.pdf`, []byte(aPDF), http.StatusCreated, `"name":"执照.pdf"`},
		"a name of 1,000 characters":   {"licence", strings.Repeat("长", 1000) + ".pdf", []byte(aPDF), http.StatusCreated, `.pdf"`},
		"a rare character in the name": {"licence", "𬀩.pdf", []byte(aPDF), http.StatusCreated, `"name":"𬀩.pdf"`},
	} {
		t.Run(name, func(t *testing.T) {
			before := count(t, "SELECT count(*) FROM files WHERE subject = ?", b.who.subject.ID)
			a := b.upload(test.field, test.file, test.content)
			require.Equal(t, test.status, a.Status, a.Body)
			require.Contains(t, a.Body, test.says)
			after := count(t, "SELECT count(*) FROM files WHERE subject = ?", b.who.subject.ID)
			if test.status == http.StatusCreated {
				before++
			}
			require.Equal(t, before, after, "what is refused leaves nothing behind")
		})
	}
	t.Run("W13 without the token nothing is read", func(t *testing.T) {
		body, contentType := multipartBody(t, part{"file", "a.pdf", []byte(aPDF)})
		r := httptest.NewRequest(http.MethodPost, "/files?record="+string(b.id)+"&field=licence", body)
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Accept", "application/json")
		require.Equal(t, http.StatusForbidden, b.send(r).Status)
	})
	t.Run("without a session nothing is read", func(t *testing.T) {
		body, contentType := multipartBody(t, part{"file", "a.pdf", []byte(aPDF)})
		r := httptest.NewRequest(http.MethodPost, "/files?record="+string(b.id)+"&field=licence", body)
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Accept", "application/json")
		r.Header.Set(csrfHeader, b.get("/account").token())
		require.NotEqual(t, http.StatusCreated, p.browser().send(r).Status)
	})
}

func TestU8_AttachmentsAreSentSoThatTheyDoNoHarm(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	scan := b.stored(b.upload("licence", "营业;执照.png", picture(t, 8)))
	pdf := b.stored(b.upload("licence", "a.pdf", []byte(aPDF)))

	saved := b.get("/files/" + scan.ID)
	require.Equal(t, http.StatusOK, saved.Status)
	require.Equal(t, picture(t, 8), []byte(saved.Body))
	require.Equal(t, "image/png", saved.Header.Get("Content-Type"))
	require.Equal(t, "nosniff", saved.Header.Get("X-Content-Type-Options"))
	require.True(t, strings.HasPrefix(saved.Header.Get("Content-Disposition"), "attachment; "), saved.Header)
	require.Contains(t, saved.Header.Get("Content-Disposition"), "filename*=UTF-8''%E8%90%A5")
	require.Contains(t, saved.Header.Get("Content-Security-Policy"), "sandbox")
	require.Contains(t, saved.Header.Get("Cache-Control"), "no-store")

	inline := b.get("/files/" + pdf.ID + "?inline=1")
	require.True(t, strings.HasPrefix(inline.Header.Get("Content-Disposition"), "inline; "), inline.Header)
	require.Contains(t, inline.Header.Get("Content-Security-Policy"), "script-src 'none'")
	require.Equal(t, aPDF, inline.Body)
}

func TestAttachmentsWorkWithoutScripts(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	attach := func(page *answer, files ...part) *answer {
		t.Helper()
		parts := []part{
			{view.CSRFField, "", []byte(page.token())},
			{"draft_version", "", []byte(page.input("draft_version"))},
			{"legal_name", "", []byte(b.who.subject.Name)},
			{"address", "", []byte("边填边传的地址")},
		}
		parts = append(parts, files...)
		body, contentType := multipartBody(t, append(parts, part{"postcode", "", []byte("410006")})...)
		r := httptest.NewRequest(http.MethodPost, b.path("/attach?field=licence"), body)
		r.Header.Set("Content-Type", contentType)
		return b.send(r)
	}
	document := func() *record.OrganizationDocument {
		t.Helper()
		draft, err := p.Store.Draft(t.Context(), b.who.subject.ID, b.id)
		require.NoError(t, err)
		d, ok := draft.Document.(*record.OrganizationDocument)
		require.True(t, ok)
		return d
	}

	t.Run("the file is added and the fields are saved with it", func(t *testing.T) {
		a := attach(b.get(b.path("/edit")), part{"file.representative_card", "", nil}, part{"file.licence", "执照.pdf", []byte(aPDF)})
		require.Equal(t, http.StatusSeeOther, a.Status, a.text())
		require.Equal(t, b.path("/edit#f-licence"), a.location())
		d := document()
		require.Equal(t, "边填边传的地址", d.Address)
		require.Equal(t, "410006", d.Postcode, "fields behind the file are read too")
		require.Len(t, d.Licence, 1)
		require.Equal(t, "执照.pdf", d.Licence[0].Name)
	})
	for name, test := range map[string]struct {
		file   part
		status int
		says   string
	}{
		"21 MiB":             {part{"file.licence", "大.pdf", append([]byte(aPDF), make([]byte, 21<<20)...)}, http.StatusRequestEntityTooLarge, "文件超过 20 MB"},
		"a PDF named .jpg":   {part{"file.licence", "a.jpg", []byte(aPDF)}, http.StatusUnprocessableEntity, "内容却是 PDF"},
		"no file was chosen": {part{"file.licence", "", nil}, http.StatusUnprocessableEntity, "请先选择文件"},
	} {
		t.Run(name+" is refused, and what was typed is kept", func(t *testing.T) {
			page := b.get(b.path("/edit"))
			a := attach(page, test.file)
			require.Equal(t, test.status, a.Status, a.text())
			require.Contains(t, a.text(), test.says)
			require.Contains(t, a.Body, "边填边传的地址")
			require.Equal(t, "410006", document().Postcode)
		})
	}
	t.Run("deleting posts the whole form", func(t *testing.T) {
		a := attach(b.get(b.path("/edit")), part{"file.licence", "执照.pdf", []byte(aPDF)})
		require.Equal(t, http.StatusSeeOther, a.Status, a.text())
		id := document().Licence[0].ID
		page := b.get(b.path("/edit"))
		deleted := b.submit(page, "/files/"+id+"/delete", url.Values{
			"draft_version": {page.input("draft_version")}, "licence": {id}, "address": {"删除时的地址"},
		})
		require.Equal(t, http.StatusSeeOther, deleted.Status, deleted.text())
		require.Empty(t, document().Licence)
		require.Equal(t, "删除时的地址", document().Address)
		require.Equal(t, http.StatusNotFound, b.get("/files/"+id).Status)
	})
	t.Run("W13 the token comes first or nothing is read", func(t *testing.T) {
		body, contentType := multipartBody(t, part{"file.licence", "a.pdf", []byte(aPDF)}, part{view.CSRFField, "", []byte(b.get("/account").token())})
		r := httptest.NewRequest(http.MethodPost, b.path("/attach?field=licence"), body)
		r.Header.Set("Content-Type", contentType)
		require.Equal(t, http.StatusForbidden, b.send(r).Status)
	})
}

func TestASubmittedFileIsNeverDeleted(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	page := b.fill()
	file := b.stored(b.uploaded(t))
	loose := b.stored(b.upload("licence", "多传的.png", picture(t, 6)))
	b.header.Set("Accept", "application/json")
	require.Equal(t, http.StatusOK, b.submit(page, "/files/"+loose.ID+"/delete", nil).Status)
	b.header.Del("Accept")
	require.Equal(t, http.StatusNotFound, b.get("/files/"+loose.ID).Status)

	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
	b.header.Set("Accept", "application/json")
	require.Equal(t, http.StatusOK, b.submit(page, "/files/"+file.ID+"/delete", nil).Status, "the draft no longer names it, that is all")
	b.header.Del("Accept")
	require.Equal(t, http.StatusOK, b.get("/files/"+file.ID).Status)
}

// An upload over a real connection: it streams, so that its size does not show
// in the memory of the portal.
func TestB22_AnUploadIsNeverHeldWhole(t *testing.T) {
	const size = 96 << 20
	p := newPortal(t, func(o *Options) { o.MaxFile = 128 << 20 })
	b := p.bidder()
	token := b.get("/account").token()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	ctx := t.Context()
	go func() { served <- p.Serve(ctx, listener) }()
	t.Cleanup(func() { require.NoError(t, <-served) })

	body, contentType := multipartBody(t, part{"file", "a.pdf", []byte(aPDF)})
	head, tail, ok := bytes.Cut(body.Bytes(), []byte("%%EOF\n"))
	require.True(t, ok)
	peak := &peakReader{content: io.LimitReader(zeros{}, size)}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"http://"+listener.Addr().String()+"/files?record="+string(b.id)+"&field=licence",
		io.MultiReader(bytes.NewReader(head), peak, bytes.NewReader(tail)))
	require.NoError(t, err)
	r.ContentLength = int64(len(head)) + size + int64(len(tail))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Accept", "application/json")
	r.Header.Set(csrfHeader, token)
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: b.cookies[sessionCookie].Value})
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	answered, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, response.StatusCode, string(answered))
	require.Less(t, peak.most, before.HeapAlloc+size/2, "the heap grew by as much as was sent")
	file, err := p.Store.File(t.Context(), b.who.subject.ID, record.ID(b.stored(&answer{t: t, Body: string(answered)}).ID))
	require.NoError(t, err)
	require.Equal(t, storage.FileAvailable, file.State)
	require.Equal(t, int64(len(aPDF)-len("%%EOF\n"))+size, file.Size)
}

// zeros is endless.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// peakReader looks at the heap now and then while it is read.
type peakReader struct {
	content io.Reader
	read    int
	most    uint64
}

func (r *peakReader) Read(p []byte) (int, error) {
	n, err := r.content.Read(p)
	if r.read/(8<<20) != (r.read+n)/(8<<20) {
		runtime.GC()
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		r.most = max(r.most, now.HeapAlloc)
	}
	r.read += n
	return n, err
}
