package view

import "time"

// CertificateRow is a row of 数字证书.
type CertificateRow struct {
	ID, Href          string
	Subject           string // common name
	Kind, Use         string
	Algorithm, Issuer string
	Serial            string
	From, To          time.Time
	State             Tag
	BoundBy           string
}

// CertificateListModel is 数字证书: what is bound to the account, and the
// applications that were made.
type CertificateListModel struct {
	Certificates []CertificateRow
	Applications []ApplicationRow
	Apply        string // address of a first application
	Missing      int    // fields of 基本信息 before one may apply
	Agent        bool   // the CA driver is offered
	Expiring     []CertificateRow
}

// CertificateAction is a business on a certificate, or why it is not possible.
type CertificateAction struct {
	Label, Text string
	Href        string // "" when it is not possible
	Denied      string
	LinkText    string
	Danger      bool
}

// CertificateModel is one certificate with all that it says.
type CertificateModel struct {
	CertificateRow

	Title   string
	Notices []Notice
	Groups  []FactGroup
	Actions []CertificateAction
	File    string // address of the .cer
}

// FactGroup is a group of facts under a heading.
type FactGroup struct {
	Name  string
	Facts []CertificateFact
}

// CertificateFact is a field of a certificate. Codes are set in monospace.
type CertificateFact struct {
	Name, Text string
	Code       bool
}
