package view

// LetterModel is a mail to an account. All of it is in the language that the
// account reads.
type LetterModel struct {
	Subject string
	Title   string
	Unit    string // name of the organization; "" for none
	Lead    string
	Code    string // to be typed on a page; "" for none
	Items   []LetterItem
	Button  Link // the one thing to do; without Href there is none
	After   string
	Foot    []string
	Leave   []Link // ways to get less mail
}

// LetterItem is one message of a mail.
type LetterItem struct {
	Title   string
	About   string // kind of the record; "" for none
	Receipt string // with its word; "" for none
	Text    string
	At      string
	Link    Link
}
