package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"unireg/record/form"
	"unireg/record/sample"
	"unireg/web/view"
)

// bidder is an organization that registers and files with a browser's means:
// pages, forms and cookies.
type bidder struct {
	portal string
	client *http.Client
	record string // path of its 基本信息
}

const (
	organization = "示范测量有限公司"
	word         = "Ce-Liang-0719-Shi" // to log in by, as long as the measurement lasts
)

// newBidder registers the n-th organization and fills in its 基本信息.
func newBidder(ctx context.Context, portal string, n int) (*bidder, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("new bidder: %w", err)
	}
	b := &bidder{portal: portal, client: &http.Client{
		Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	code := sample.CreditCode(n)
	if err := b.send(ctx, "/register", "/register", url.Values{"type": {"organization"}, "code": {code}}); err != nil {
		return nil, err
	}
	err = b.send(ctx, "/register/details", "/register/details", url.Values{
		"name": {organization}, "password": {word}, "password_again": {word},
	})
	if err != nil {
		return nil, err
	}
	if b.record, err = b.profile(ctx); err != nil {
		return nil, err
	}
	return b, b.fill(ctx, code)
}

// profile follows the way to the draft of the 基本信息.
func (b *bidder) profile(ctx context.Context) (string, error) {
	for path := "/profile"; ; {
		got, err := b.do(ctx, http.MethodGet, path, nil, "")
		if err != nil {
			return "", err
		}
		next := got.location
		if next == "" {
			return strings.TrimSuffix(path, "/edit"), nil
		}
		path = next
	}
}

// fill uploads one scan and saves every field of a complete document.
func (b *bidder) fill(ctx context.Context, code string) error {
	page, err := b.get(ctx, b.record+"/edit")
	if err != nil {
		return err
	}
	scan, err := b.attach(ctx, page, "营业执照.pdf", []byte(smallPDF))
	if err != nil {
		return err
	}
	values := url.Values{"draft_version": {hidden(page, "draft_version")}}
	document := sample.Organization(code, organization, scan)
	for _, field := range document.Form(time.Now()).Fields() {
		values[field.Name] = field.Input()
	}
	_, err = b.post(ctx, b.record+"/check", hidden(page, view.CSRFField), values)
	return err
}

// smallPDF is the smallest thing that is a PDF by its content.
const smallPDF = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

// attach uploads a file to the draft of the 基本信息, as the script of its page
// does.
func (b *bidder) attach(ctx context.Context, page, name string, content []byte) (form.File, error) {
	var around bytes.Buffer
	parts := multipart.NewWriter(&around)
	if _, err := parts.CreateFormFile("file", name); err != nil {
		return form.File{}, fmt.Errorf("build upload: %w", err)
	}
	head := bytes.Clone(around.Bytes())
	around.Reset()
	if err := parts.Close(); err != nil {
		return form.File{}, fmt.Errorf("build upload: %w", err)
	}
	path := "/files?field=licence&record=" + strings.TrimPrefix(b.record, "/records/")
	body := io.MultiReader(bytes.NewReader(head), bytes.NewReader(content), &around)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.portal+path, body)
	if err != nil {
		return form.File{}, fmt.Errorf("build upload: %w", err)
	}
	request.ContentLength = int64(len(head) + len(content) + around.Len())
	request.Header.Set("Content-Type", parts.FormDataContentType())
	request.Header.Set("X-Csrf-Token", hidden(page, view.CSRFField))
	request.Header.Set("Accept", "application/json")
	response, err := b.client.Do(request)
	if err != nil {
		return form.File{}, fmt.Errorf("upload: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		ID, Name, Type, SHA256, Error string
		Size                          int64
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.ID == "" {
		return form.File{}, fmt.Errorf("upload: status %d, %s: %w", response.StatusCode, answer.Error, err)
	}
	return form.File{ID: answer.ID, Name: answer.Name, Type: answer.Type, SHA256: answer.SHA256, Size: answer.Size}, nil
}

// submit opens the page of answers and hands the draft in. It returns the time
// from the post to the redirect, which leads to the record when the submit is
// applied, and elsewhere when it is not yet.
func (b *bidder) submit(ctx context.Context) (time.Duration, error) {
	page, err := b.get(ctx, b.record+"/check")
	if err != nil {
		return 0, err
	}
	return b.command(ctx, "/submit", page)
}

// withdraw takes the filing back, so that it can be submitted again.
func (b *bidder) withdraw(ctx context.Context) error {
	page, err := b.get(ctx, b.record)
	if err != nil {
		return err
	}
	_, err = b.command(ctx, "/withdraw", page)
	return err
}

func (b *bidder) command(ctx context.Context, action, page string) (time.Duration, error) {
	values := url.Values{"command": {hidden(page, "command")}, "draft_version": {hidden(page, "draft_version")}}
	started := time.Now()
	location, err := b.post(ctx, b.record+action, hidden(page, view.CSRFField), values)
	took := time.Since(started)
	if err == nil && !strings.HasPrefix(location, b.record) {
		err = fmt.Errorf("%s is accepted but not applied: sent to %s", action, location)
	}
	return took, err
}

// send opens a page and posts its form.
func (b *bidder) send(ctx context.Context, page, action string, values url.Values) error {
	content, err := b.get(ctx, page)
	if err != nil {
		return err
	}
	for _, name := range []string{"command", "ticket"} {
		if value := hidden(content, name); value != "" {
			values.Set(name, value)
		}
	}
	_, err = b.post(ctx, action, hidden(content, view.CSRFField), values)
	return err
}

func (b *bidder) get(ctx context.Context, path string) (string, error) {
	got, err := b.do(ctx, http.MethodGet, path, nil, "")
	if err == nil && got.status != http.StatusOK {
		err = fmt.Errorf("GET %s: status %d, %s", path, got.status, got.location)
	}
	return got.page, err
}

func (b *bidder) post(ctx context.Context, path, token string, values url.Values) (string, error) {
	values.Set(view.CSRFField, token)
	got, err := b.do(ctx, http.MethodPost, path, strings.NewReader(values.Encode()), "application/x-www-form-urlencoded")
	if err == nil && got.status != http.StatusSeeOther {
		err = fmt.Errorf("POST %s: status %d: %s", path, got.status, heading(got.page))
	}
	return got.location, err
}

// answer is what came back for a request.
type answer struct {
	status   int
	location string
	page     string
}

func (b *bidder) do(ctx context.Context, method, path string, body io.Reader, contentType string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, b.portal+path, body)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("Origin", b.portal)
	}
	response, err := b.client.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return answer{response.StatusCode, response.Header.Get("Location"), string(content)}, nil
}

// hidden returns the value of the first control of that name on a page.
func hidden(page, name string) string {
	pattern := regexp.MustCompile(`<input[^>]*\bname=` + strconv.Quote(name) + `[^>]*\bvalue="([^"]*)"`)
	if found := pattern.FindStringSubmatch(page); found != nil {
		return html.UnescapeString(found[1])
	}
	return ""
}

var headingPattern = regexp.MustCompile(`(?s)<title>(.*?)</title>`)

func heading(page string) string {
	if found := headingPattern.FindStringSubmatch(page); found != nil {
		return html.UnescapeString(found[1])
	}
	return "no title"
}
