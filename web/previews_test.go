package web

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// photograph is a JPEG with what a camera writes beside the pixels.
func photograph(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, height)), nil))
	notes := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00 GPS 28.1956N 112.9777E")
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(notes)+2))
	return append(append(head, notes...), b.Bytes()[2:]...)
}

func TestU3_PreviewsAreDrawnAnewAndTheOriginalIsKept(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	original := photograph(t, 3000, 1500)
	scan := b.stored(b.upload("licence", "营业;执照.jpg", original))
	require.Equal(t, string(original), b.get("/files/"+scan.ID).Body)
	for path, size := range map[string]image.Point{
		"/preview": image.Pt(2400, 1200), "/preview?size=thumb": image.Pt(320, 160), "/preview?size=9": image.Pt(2400, 1200),
	} {
		for range 2 { // drawn, and taken from the shelf
			a := b.get("/files/" + scan.ID + path)
			require.Equal(t, http.StatusOK, a.Status)
			require.NotContains(t, a.Body, "GPS")
			require.NotContains(t, a.Body, "Exif")
			m, err := jpeg.Decode(strings.NewReader(a.Body))
			require.NoError(t, err)
			require.Equal(t, size, m.Bounds().Size())
			require.Equal(t, "image/jpeg", a.Header.Get("Content-Type"), "U8")
			require.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"), "U8")
			require.True(t, strings.HasPrefix(a.Header.Get("Content-Disposition"), "inline; "), "U8 %s", a.Header)
			require.Contains(t, a.Header.Get("Content-Security-Policy"), "sandbox", "U8")
			require.Contains(t, a.Header.Get("Cache-Control"), "no-store", "U7")
		}
	}
	document := b.stored(b.upload("licence", "a.pdf", []byte(aPDF)))
	require.Equal(t, http.StatusNotFound, b.get("/files/"+document.ID+"/preview").Status, "browsers show a PDF themselves")
	page := b.check(b.document())
	require.Contains(t, page.Body, `/preview" target="_blank" rel="noopener" data-picture="营业执照.png"`)
}

func TestU2_ImagesTooLargeToDecodeHaveNoPreview(t *testing.T) {
	header := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(header[4:], 8000)
	binary.BigEndian.PutUint32(header[8:], 6000)
	header[12] = 8
	large := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	large = binary.BigEndian.AppendUint32(append(large, header...), crc32.ChecksumIEEE(header))

	b := newPortal(t, nil).bidder()
	scan := b.stored(b.upload("licence", "大.png", large))
	a := b.get("/files/" + scan.ID + "/preview")
	require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	require.Contains(t, a.text(), "图片尺寸过大，不能预览，请下载原件查看")
	whole := photograph(t, 300, 300)
	cut := b.stored(b.upload("licence", "断.jpg", whole[:len(whole)-30]))
	a = b.get("/files/" + cut.ID + "/preview")
	require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	require.Contains(t, a.text(), "图片已损坏，不能预览")
}

func TestU7_AFileIsSentOnlyToWhoMaySeeItAndOnlyWhileLoggedIn(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	page := b.fill()
	scan := b.stored(b.uploaded(t))
	reviewer, _ := p.newStaff(record.Reviewer, true)
	stranger := p.bidder()
	own := []string{"/files/" + scan.ID, "/files/" + scan.ID + "/preview", "/files/" + scan.ID + "/preview?size=thumb"}
	for _, path := range own {
		require.Equal(t, http.StatusOK, b.get(path).Status, path)
		require.Equal(t, http.StatusNotFound, stranger.get(path).Status, path)
		require.Equal(t, http.StatusNotFound, reviewer.get("/staff"+path).Status, "drafts are nobody's business")
		require.Equal(t, "/login", strings.Split(p.browser().get(path).location(), "?")[0])
	}
	states := stranger.get(b.path("/files"))
	require.NotContains(t, states.Body, scan.ID)
	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
	filed := b.filed(t)
	require.Equal(t, http.StatusOK, reviewer.get("/staff/files/"+filed+"/preview").Status)
	require.Equal(t, http.StatusOK, reviewer.get("/staff/files/"+filed).Status)

	// A link lives as long as the session: what stands in a browser's history
	// opens nothing later.
	b.submit(b.get("/account"), "/logout", nil)
	for _, path := range own {
		require.Equal(t, "/login", strings.Split(b.get(path).location(), "?")[0], path)
	}
}

// filed is the id of an attachment of the bidder's submitted version.
func (b *bidder) filed(t *testing.T) string {
	t.Helper()
	version, err := b.p.Store.Version(t.Context(), b.who.subject.ID, b.id, 1)
	require.NoError(t, err)
	return version.Document.Form(today()).Files()[0].ID
}

// finds is a scanner that finds that in everything.
type finds string

func (f finds) Scan(_ context.Context, content io.Reader) (string, error) {
	_, err := io.Copy(io.Discard, content)
	return string(f), err
}

// scanningPortal asks for virus scans.
func scanningPortal(t *testing.T) *portal {
	t.Helper()
	policy := storagetest.Policy()
	policy.ScanRequired = true
	store := storage.New(storagetest.Shared(t).App, storagetest.Keys(), policy)
	return newPortal(t, func(o *Options) { o.Store, o.Rings = store, &rings{store: store} })
}

// scan has the scanner say that of the file. Files of other tests, whose
// buckets are gone, are left out.
func (p *portal) scan(id string, found finds) {
	p.t.Helper()
	_, err := owner(p.t).NewRaw("UPDATE files SET scan_until = CASE WHEN id <> ? THEN now() + interval '1 hour' END", id).Exec(p.t.Context())
	require.NoError(p.t, err)
	scanned, err := p.files().ScanNext(p.t.Context(), found)
	require.NoError(p.t, err)
	require.NotNil(p.t, scanned)
	require.Equal(p.t, record.ID(id), scanned.File)
}

func TestU5_TheDraftShowsWhatTheScannerFound(t *testing.T) {
	p := scanningPortal(t)
	b := p.bidder()
	uploaded := b.upload("licence", "营业执照.png", picture(t, 8))
	require.Contains(t, uploaded.Body, `"state":"pending"`)
	id := b.stored(uploaded).ID
	document := b.document()
	b.check(document) // uploads and saving go on while files wait
	require.Contains(t, b.get(b.path("/edit")).text(), "待扫描")
	own := document.Form(today()).Files()[0].ID
	require.Contains(t, b.get(b.path("/files")).Body, `"`+own+`":"pending"`)

	p.scan(own, "Eicar-Test-Signature")
	p.scan(id, "")
	require.Contains(t, b.get(b.path("/files")).Body, `"`+own+`":"refused"`)
	require.Contains(t, b.get(b.path("/files")).Body, `"`+id+`":"ready"`)
	edit := b.get(b.path("/edit"))
	require.Contains(t, edit.text(), "未通过病毒扫描")
	require.Contains(t, edit.text(), "请删除此文件，用杀毒软件检查电脑后重新扫描上传")
	require.NotContains(t, edit.Body, `src="/files/`+own)
	for _, path := range []string{"/files/" + own, "/files/" + own + "?inline=1", "/files/" + own + "/preview", "/files/" + own + "/preview?size=thumb"} {
		require.Equal(t, http.StatusNotFound, b.get(path).Status, path)
	}
	values := fields(document)
	values.Set("draft_version", edit.input("draft_version"))
	refused := b.submit(edit, b.path("/check"), values)
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	require.Contains(t, refused.text(), "「营业执照.png」未通过病毒扫描，请删除后重新上传")
	require.Contains(t, b.get("/messages").text(), "附件未通过病毒扫描")
}

func TestU5_TheReviewerIsToldWhichAttachmentIsInfected(t *testing.T) {
	p := scanningPortal(t)
	b := p.bidder()
	page := b.fill()
	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
	filed := b.filed(t)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	desk := func() *answer { return reviewer.get(b.review()) }
	approve := func() *answer {
		a := desk()
		return reviewer.submit(a, b.review()+"/approve", map[string][]string{
			"command": {a.input("command")}, "version": {a.input("version")},
		})
	}
	require.Contains(t, desk().text(), "1 个附件待病毒扫描")
	for _, path := range []string{"", "?inline=1", "/preview"} {
		require.Equal(t, http.StatusConflict, reviewer.get("/staff/files/"+filed+path).Status, "staff open nothing unscanned")
	}
	a := approve()
	require.Equal(t, http.StatusConflict, a.Status)
	require.Contains(t, a.text(), record.RefusedUnscanned.Explain())

	p.scan(filed, "Eicar-Test-Signature")
	require.Contains(t, desk().text(), "1 个附件未通过病毒扫描，不能通过，请退回补正")
	require.Contains(t, desk().text(), "营业执照.png（Eicar-Test-Signature）")
	require.NotContains(t, desk().Body, `"/staff/files/`+filed)
	require.Equal(t, http.StatusNotFound, reviewer.get("/staff/files/"+filed).Status)
	require.Equal(t, http.StatusNotFound, reviewer.get("/staff/files/"+filed+"/preview").Status)
	a = approve()
	require.Equal(t, http.StatusConflict, a.Status)
	require.Contains(t, a.text(), record.RefusedInfected.Explain())
	require.Contains(t, b.get(b.path("")).text(), "附件未通过病毒扫描，已隔离", "the time line")
}
