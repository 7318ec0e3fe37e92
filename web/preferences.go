package web

import (
	"net/http"

	"unireg/web/view"
)

// showPreferences is the page of the preferences, for pages that are kept for
// everybody and so have no form: they lead here.
func (s *Server) showPreferences(v *visit) error {
	next := localPath(v.Query("next"))
	if next == "" {
		next = "/"
	}
	return v.render(http.StatusOK, view.PreferencesPage(v.page("显示设置"), next))
}

// changePreferences switches contrast, large text, the language, shortcuts or
// whether a decided filing stays open, and goes back to the page.
func (s *Server) changePreferences(v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	p := v.prefs()
	set := func(name string, change func(on bool)) {
		if value := fields.Get(name); value != "" {
			change(value == "on")
		}
	}
	set("contrast", func(on bool) { p.Contrast = on })
	set("large", func(on bool) { p.Large = on })
	set("english", func(on bool) { p.English = on })
	set("keys", func(on bool) { p.NoKeys = !on })
	set("stay", func(on bool) { p.Stay = on })
	v.setPrefs(p)
	next := localPath(fields.Get("next"))
	if next == "" {
		next = "/"
	}
	return v.Redirect(next, http.StatusSeeOther)
}

// prefsLetters are the preferences as the cookie keeps them.
var prefsLetters = []struct {
	letter rune
	field  func(*view.Prefs) *bool
}{
	{'c', func(p *view.Prefs) *bool { return &p.Contrast }},
	{'l', func(p *view.Prefs) *bool { return &p.Large }},
	{'e', func(p *view.Prefs) *bool { return &p.English }},
	{'k', func(p *view.Prefs) *bool { return &p.NoKeys }},
	{'s', func(p *view.Prefs) *bool { return &p.Stay }},
}

func (v *visit) prefs() view.Prefs {
	var p view.Prefs
	for _, kept := range v.cookie(prefsCookie) {
		for _, known := range prefsLetters {
			if kept == known.letter {
				*known.field(&p) = true
			}
		}
	}
	return p
}

// setPrefs keeps the viewer's preferences in this browser.
func (v *visit) setPrefs(p view.Prefs) {
	var letters []rune
	for _, known := range prefsLetters {
		if *known.field(&p) {
			letters = append(letters, known.letter)
		}
	}
	switch value := string(letters); value {
	case v.cookie(prefsCookie):
	case "":
		v.dropCookie(prefsCookie)
	default:
		v.setCookie(prefsCookie, value, longLived)
	}
}
