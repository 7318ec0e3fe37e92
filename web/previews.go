package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gofiber/fiber/v2"

	"unireg/record"
	"unireg/storage"
	"unireg/web/preview"
)

const (
	// thumbSide and previewSide are the longer side of a picture in a list, and of
	// one that is looked at, in pixels: print on an A4 page is legible at 200 DPI.
	thumbSide   = 320
	previewSide = 2400
	// previewPixels is an A4 page at 600 DPI, and what one decoding may hold.
	previewPixels = 40_000_000
	// decodesAtOnce is how many images are decoded at a time.
	decodesAtOnce = 2
	// shelfRoom is how many bytes of pictures are kept.
	shelfRoom = 32 << 20
)

// previews draws attachments small.
type previews struct {
	shelf   *preview.Shelf
	decodes chan struct{} // holds a token for each image that is being decoded
}

func newPreviews() previews {
	return previews{preview.NewShelf(shelfRoom), make(chan struct{}, decodesAtOnce)}
}

// showPreview sends a subject one of its own images, drawn anew.
func showPreview(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	file, err := s.Store.File(v.ctx, v.subject.ID, id)
	if err != nil {
		return err
	}
	return s.sendPreview(v, file)
}

// showStaffPreview sends staff a submitted image, drawn anew.
func showStaffPreview(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	file, err := s.Store.FileForStaff(v.ctx, id)
	if err != nil {
		return err
	}
	return s.sendPreview(v, file)
}

// sendPreview sends an image without anything but its pixels, with size=thumb a
// small one. What is no image has no preview: browsers show a PDF themselves.
func (s *Server) sendPreview(v *visit, file storage.File) error {
	if !strings.HasPrefix(file.Type, "image/") || !file.Sendable() {
		return errNoPage
	}
	side := previewSide
	if v.Query("size") == "thumb" {
		side = thumbSide
	}
	key := fmt.Sprintf("%s/%d", file.ID, side)
	content := s.previews.shelf.Get(key)
	if content == nil {
		var err error
		if content, err = s.preview(v.ctx, file, side); err != nil {
			return err
		}
		s.previews.shelf.Put(key, content)
	}
	v.Set(fiber.HeaderContentSecurityPolicy, imagePolicy)
	v.Set(fiber.HeaderContentType, "image/jpeg")
	v.Set(fiber.HeaderContentDisposition, storage.ContentDisposition(file.Name+".jpg", true))
	return v.send(io.NopCloser(bytes.NewReader(content)), int64(len(content)))
}

// preview waits for its turn and draws an image.
func (s *Server) preview(ctx context.Context, file storage.File, side int) ([]byte, error) {
	select {
	case s.previews.decodes <- struct{}{}:
		defer func() { <-s.previews.decodes }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to draw a preview: %w", ctx.Err())
	}
	content, err := s.files().Open(ctx, file, 0, -1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	drawn, err := preview.Render(content, side, previewPixels)
	switch {
	case errors.Is(err, preview.ErrTooLarge):
		return nil, record.Errorf(record.Invalid, "图片尺寸过大，不能预览，请下载原件查看")
	case errors.Is(err, preview.ErrBroken):
		return nil, record.Errorf(record.Invalid, "图片已损坏，不能预览，请下载原件查看")
	}
	return drawn, err
}
