package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
)

// maxFields bounds the number of fields of a form.
const maxFields = 3000

var (
	errTooLarge   = refuse(fiber.StatusRequestEntityTooLarge, "提交的内容超过了大小上限。")
	errUnreadable = refuse(fiber.StatusBadRequest, "")
)

// form is the one decoder of posted fields: urlencoded, or multipart without
// files. It bounds bytes and fields, and everything it returns is a copy: the
// buffers of the request serve the next one.
func (v *visit) form() (url.Values, error) {
	if v.decoded {
		return v.posted, nil
	}
	kind, params, err := mime.ParseMediaType(v.Get(fiber.HeaderContentType))
	if err != nil && v.Get(fiber.HeaderContentType) != "" {
		return nil, errUnreadable
	}
	body, err := v.readBody(maxForm)
	if err != nil {
		return nil, err
	}
	fields := url.Values{}
	switch {
	case len(body) == 0:
	case kind == fiber.MIMEApplicationForm:
		fields, err = parseURLEncoded(body)
	case kind == fiber.MIMEMultipartForm:
		fields, err = parseMultipart(body, params["boundary"])
	default:
		err = errUnreadable
	}
	if err != nil {
		return nil, err
	}
	v.posted, v.decoded = fields, true
	return fields, nil
}

// readBody returns a copy of the body, at most limit bytes.
func (v *visit) readBody(limit int64) ([]byte, error) {
	if v.Get(fiber.HeaderContentEncoding) != "" {
		return nil, errUnreadable
	}
	if int64(v.Context().Request.Header.ContentLength()) > limit {
		v.Context().SetConnectionClose()
		return nil, errTooLarge
	}
	body, err := io.ReadAll(&limitedReader{source: v.bodyReader(), left: limit})
	if err != nil {
		v.Context().SetConnectionClose()
		return nil, bodyError(err)
	}
	return body, nil
}

// bodyReader reads the body as it arrives.
func (v *visit) bodyReader() io.Reader {
	if stream := v.Context().RequestBodyStream(); stream != nil {
		return stream
	}
	return bytes.NewReader(v.Request().Body())
}

// limitedReader fails, unlike io.LimitReader, when there is more than it may
// read: half a body must not pass for a whole one.
type limitedReader struct {
	source io.Reader
	left   int64
}

func (r *limitedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > r.left+1 {
		p = p[:r.left+1]
	}
	n, err := r.source.Read(p)
	r.left -= int64(n)
	if r.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// bodyError tells a body that is wrong from one that is too large, or late.
func bodyError(err error) error {
	if _, ok := errors.AsType[*refusal](err); ok {
		return err
	}
	return fmt.Errorf("%w: %w", errUnreadable, err)
}

func parseURLEncoded(body []byte) (url.Values, error) {
	if bytes.Count(body, []byte{'&'}) >= maxFields {
		return nil, errTooLarge
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errUnreadable
	}
	for name, values := range fields {
		for _, text := range append([]string{name}, values...) {
			if err := checkText(text); err != nil {
				return nil, err
			}
		}
	}
	return fields, nil
}

func parseMultipart(body []byte, boundary string) (url.Values, error) {
	if boundary == "" {
		return nil, errUnreadable
	}
	fields := url.Values{}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for n := 0; ; n++ {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil {
			return nil, errUnreadable
		}
		if n >= maxFields {
			return nil, errTooLarge
		}
		if part.FileName() != "" {
			return nil, errUnreadable
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, errUnreadable
		}
		if err := errors.Join(checkText(part.FormName()), checkText(string(text))); err != nil {
			return nil, errUnreadable
		}
		fields.Add(part.FormName(), string(text))
	}
}

// checkText refuses what is no text: the database would not take it.
func checkText(text string) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return errUnreadable
	}
	return nil
}
