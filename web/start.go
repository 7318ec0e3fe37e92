package web

import (
	"net/http"

	"unireg/web/view"
)

// start is the public start page.
func (s *Server) start(v *visit) error {
	return v.render(http.StatusOK, view.StartPage(v.page("网上办事大厅"), view.StartModel{}))
}
