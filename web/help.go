package web

import (
	"github.com/gofiber/fiber/v2"

	"unireg/docs/guide"
	"unireg/web/view"
)

// showHelp is the guide for bidders, for whoever asks.
func (s *Server) showHelp(v *visit) error {
	g, err := guide.Read()
	if err != nil {
		return err
	}
	return v.render(fiber.StatusOK, view.HelpPage(v.page("帮助"), g))
}

// sendHelpPicture sends a picture of the guide. An address that names the content
// may be kept for ever: another content has another address.
func (s *Server) sendHelpPicture(v *visit) error {
	g, err := guide.Read()
	if err != nil {
		return err
	}
	picture, ok := g.Picture(v.Params("name"))
	if !ok {
		return errNoPage
	}
	if v.Query("v") == picture.Version {
		v.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	}
	return v.Type("png").Send(picture.Content)
}
