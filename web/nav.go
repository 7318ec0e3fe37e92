package web

import "unireg/web/view"

// nav is the task list of who is logged in.
func (s *Server) nav(*visit) (view.Nav, error) {
	return view.Nav{}, nil
}
