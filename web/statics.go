package web

import (
	"errors"
	"io/fs"
	"mime"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"

	"unireg/web/static"
)

// serveStatic serves the style sheet, scripts and pictures. An address with the
// content's hash may be kept for ever: another content has another address.
func (s *Server) serveStatic(c *fiber.Ctx) error {
	name := strings.TrimPrefix(c.Path(), "/static/")
	content, err := fs.ReadFile(static.FS, name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) || err != nil {
		return fiber.ErrNotFound
	}
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) {
	case ".js", ".mjs":
		kind = "text/javascript; charset=utf-8"
		// For a script that runs as a worker this is its policy: modules of ours,
		// and no connection to anywhere.
		c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; script-src 'self'; frame-ancestors 'none'")
	case ".svg":
		kind = "image/svg+xml"
	case ".md", "":
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderContentType, kind)
	cache := "no-cache"
	if static.Path(name) == c.OriginalURL() {
		cache = "public, max-age=31536000, immutable"
	}
	c.Set(fiber.HeaderCacheControl, cache)
	return c.Send(content)
}
