package web

import "net/http"

// changePreferences switches contrast or large text, and goes back to the page.
func (s *Server) changePreferences(v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	p := v.prefs()
	set := func(name string, field *bool) {
		if value := fields.Get(name); value != "" {
			*field = value == "on"
		}
	}
	set("contrast", &p.Contrast)
	set("large", &p.Large)
	value := ""
	if p.Contrast {
		value += "c"
	}
	if p.Large {
		value += "l"
	}
	if value == "" {
		v.dropCookie(prefsCookie)
	} else {
		v.setCookie(prefsCookie, value, longLived)
	}
	next := localPath(fields.Get("next"))
	if next == "" {
		next = "/"
	}
	return v.Redirect(next, http.StatusSeeOther)
}
