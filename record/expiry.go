package record

import "unireg/record/form"

// Expiry is a day through which something in a document counts.
type Expiry struct {
	Name  string // of the field and its row: stays the same from version to version
	Label string // what expires, in words without numbers of persons
	On    form.Date
}

// Expiring is a document in which something expires.
type Expiring interface {
	Document
	// Expiries lists them; days that are empty or malformed are passed over.
	Expiries() []Expiry
}

// Expiries is the licence, unless it is for ever.
func (d *OrganizationDocument) Expiries() []Expiry {
	return []Expiry{{Name: "licence_expires_on", Label: "营业期限", On: d.LicenceExpires}}
}

// Expiries is the certificate, unless it is for ever.
func (d *QualificationDocument) Expiries() []Expiry {
	return []Expiry{{Name: "expires_on", Label: "资质证书", On: d.ExpiresOn}}
}

// Expiries are the registrations, each major for itself, and the certificates of
// safety competence.
func (d *PractitionerDocument) Expiries() []Expiry {
	var all []Expiry
	for _, r := range d.Registrations {
		for _, m := range r.Majors {
			all = append(all, Expiry{Name: "registrations." + r.ID + ".majors." + m.Code, Label: r.Type.Name + " " + m.Name, On: m.Until})
		}
		all = append(all, Expiry{Name: "registrations." + r.ID + ".expires_on", Label: r.Type.Name, On: r.ExpiresOn})
	}
	for _, s := range d.Safety {
		all = append(all, Expiry{Name: "safety." + s.ID + ".expires_on", Label: "安全生产考核证 " + firstPart(s.Category.Name), On: s.ExpiresOn})
	}
	return all
}
