package view

// ErrorModel is one page for everything that goes wrong.
type ErrorModel struct {
	Status    int    // 400 403 404 409 413 422 429 500 503
	Happened  string // what happened; "" takes the status's own words
	Kept      string // what was kept of the person's input; "" where nothing was at stake
	Todo      string // what to do; "" takes the status's own words
	Reference string // to be named to the hotline; "" for none
	Links     []Link
}

// PostedField is one posted name and value.
type PostedField struct{ Name, Value string }

// SessionEndedModel keeps what a person posted after the session had ended: a
// login form carries it along as hidden inputs. It posts account and password to
// /login (staff: login and password to /staff/login) together with resume (the
// Action) and the fields, each as "kept.NAME". After the login the handler
// answers with a ResumePage.
type SessionEndedModel struct {
	Account string
	Action  string // the local URL that was posted to
	Fields  []PostedField
	Error   string
	Staff   bool
}

// ResumeModel is the page after such a login: one button posts the fields to
// the Action again, with the new session's CSRF token.
type ResumeModel struct {
	Action string
	Fields []PostedField
}
