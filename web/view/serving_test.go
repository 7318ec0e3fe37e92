package view_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record/codes"
	"unireg/web/static"
	"unireg/web/view"
	"unireg/web/words"
)

// serveGallery serves every shot on loopback as /gallery/NAME, with the portal's
// static files and policy, and answers what the pages' scripts ask, so that
// their states can be met without a portal. With ?english the page is in English;
// with ?agent it has a USB-key agent to talk to, by itself it meets none.
// serveGallery returns the site's origin.
func serveGallery(t testing.TB, all []shot) string {
	t.Helper()
	pages := map[words.Language]map[string][]byte{words.Chinese: {}, words.English: {}}
	for language, those := range pages {
		for _, s := range all {
			var out bytes.Buffer
			require.NoError(t, s.page.Render(words.In(t.Context(), language), &out))
			those[s.name] = out.Bytes()
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /gallery/{name}", func(w http.ResponseWriter, r *http.Request) {
		language := words.Chinese
		if r.URL.Query().Has("english") {
			language = words.English
		}
		content, ok := pages[language][r.PathValue("name")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		agent := nobody
		if r.URL.Query().Has("agent") {
			agent = "/agent"
		}
		content = bytes.ReplaceAll(content, []byte(`data-agent="http://127.0.0.1:17680"`), []byte(`data-agent="`+agent+`"`))
		w.Header().Set("Content-Security-Policy", view.Policy(nonce, nobody))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(content)
	})
	mux.Handle("GET /static/", http.StripPrefix("/static/", kept(http.FileServerFS(static.FS))))
	mux.HandleFunc("GET /codes/{table}", answerCodes)
	mux.HandleFunc("GET /people", answerPeople)
	mux.HandleFunc("POST /files", answerUpload)
	mux.HandleFunc("GET /agent/v1/certificates", answerKeys)
	mux.HandleFunc("GET /help/pictures/{name}", answerPicture)
	mux.HandleFunc("POST /staff/reviews/{id}/renew", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /", answerFile)
	site := httptest.NewServer(hardened(mux))
	t.Cleanup(site.CloseClientConnections) // an upload that never ends
	t.Cleanup(site.Close)
	return site.URL
}

// answerPicture sends a picture of the guide.
func answerPicture(w http.ResponseWriter, r *http.Request) {
	picture, ok := theGuide().Picture(r.PathValue("name"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(picture.Content)
}

// nobody is where pages without an agent look for one.
const nobody = "http://127.0.0.1:9"

// nonce is that of the gallery's scripts.
const nonce = "bm9uY2U"

// hardened adds the headers that the portal gives all its answers.
func hardened(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// kept lets the browser keep a file for as long as its address is the same.
func kept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		next.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(content)
}

// answerCodes searches a code table, or lists what lies below a code.
func answerCodes(w http.ResponseWriter, r *http.Request) {
	table, ok := codes.Named(r.PathValue("table"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	type entry struct {
		Code string   `json:"code"`
		Name string   `json:"name"`
		Path []string `json:"path"`
		Leaf bool     `json:"leaf"`
	}
	found := []entry{}
	if q := r.URL.Query().Get("q"); q != "" {
		for _, e := range table.Search(q, 8) {
			found = append(found, entry{Code: e.Code, Name: table.FullName(e.Code), Leaf: true})
		}
	} else {
		for _, e := range table.Children(r.URL.Query().Get("parent")) {
			found = append(found, entry{Code: e.Code, Name: e.Name})
		}
	}
	answer(w, http.StatusOK, found)
}

func answerPeople(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, []map[string]string{
		{"id": recordID, "name": "周予安", "note": "湘143201612345"}, {"id": command, "name": "周文远", "note": "湘143201655501"},
	})
}

// answerUpload refuses a file, unless it is called 大文件: that is on its way for
// ever.
func answerUpload(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if bytes.Contains(content, []byte("大文件")) {
		<-r.Context().Done()
		return
	}
	answer(w, http.StatusServiceUnavailable, map[string]string{"error": "附件暂时不能保存，请稍后重试；表单内容不受影响"})
}

// answerKeys is an agent with two keys in it. Whoever waits for another waits.
func answerKeys(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("wait") {
		<-r.Context().Done()
		return
	}
	key := func(name, algorithm, until string) map[string]string {
		return map[string]string{"id": name, "common_name": name, "token": "示范 CA 锁", "algorithm": algorithm, "serial": "5D1C6E2A90B74F33", "not_after": until}
	}
	answer(w, http.StatusOK, map[string]any{"state": "1", "certificates": []any{
		key("示范建工集团有限公司", "SM2", "2027-11-23T00:00:00Z"), key("示范建工集团有限公司（旧）", "RSA", "2020-03-05T00:00:00Z"),
	}})
}

// answerFile gives the picture of a scan for every file and preview.
func answerFile(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.URL.Path, "/files/") || path.Base(r.URL.Path) == "files" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(scan())
}

// scan is the picture of a certificate: a frame, lines and a seal.
var scan = sync.OnceValue(func() []byte {
	const width, height = 800, 1100
	sheet := image.NewRGBA(image.Rect(0, 0, width, height))
	fill := func(r image.Rectangle, c color.Color) {
		draw.Draw(sheet, r, image.NewUniform(c), image.Point{}, draw.Src)
	}
	ink, frame, seal := color.RGBA{0x66, 0x70, 0x83, 255}, color.RGBA{0xb5, 0x8a, 0x3c, 255}, color.RGBA{0xc0, 0x36, 0x2c, 255}
	fill(sheet.Bounds(), color.RGBA{0xfd, 0xfb, 0xf5, 255})
	fill(image.Rect(40, 40, width-40, height-40), frame)
	fill(image.Rect(48, 48, width-48, height-48), color.White)
	fill(image.Rect(250, 120, 550, 160), ink)
	for line := range 11 {
		fill(image.Rect(110, 250+line*60, 690-line%3*120, 266+line*60), ink)
	}
	for y := -90; y <= 90; y++ {
		for x := -90; x <= 90; x++ {
			if d := x*x + y*y; d <= 90*90 && d >= 80*80 || d <= 24*24 {
				sheet.Set(580+x, 920+y, seal)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, sheet); err != nil {
		panic(fmt.Sprintf("draw a scan: %v", err))
	}
	return out.Bytes()
})
