package web

import (
	contract "unireg/partner/wire"
	"unireg/record"
	"unireg/record/form"
)

// What other systems are told of each kind is written out here, field by field: a
// field that a document gains is told to nobody before it stands below. Numbers of
// identity documents, telephones, accounts, addresses and scans never do.

func toldQualification(d *record.QualificationDocument) *contract.Qualification {
	told := &contract.Qualification{
		CertificateNo: d.CertificateNo, Class: term(d.Class), Issuer: d.Issuer, IssuedOn: day(d.IssuedOn), ExpiresOn: day(d.ExpiresOn),
		LongTerm: d.LongTerm, Lines: []contract.QualificationLine{},
	}
	for _, line := range d.Lines {
		told.Lines = append(told.Lines, contract.QualificationLine{
			Major: term(line.Major), Grade: term(line.Grade), Primary: line.Primary, ApprovedOn: day(line.ApprovedOn),
		})
	}
	return told
}

func toldPerformance(d *record.PerformanceDocument) *contract.Performance {
	return &contract.Performance{
		ProjectName: d.ProjectName, ProjectCode: given(d.ProjectCode), SectionCode: given(d.SectionCode), OwnerName: d.OwnerName, OwnerCode: d.OwnerCode,
		ContractClass: term(d.ContractClass), Region: term(d.Region), ContractAmount: string(d.ContractAmount), Currency: term(d.Currency),
		SignedOn: day(d.SignedOn), CompletedOn: day(d.CompletedOn), AcceptedOn: day(d.AcceptedOn), Consortium: toldMembers(d),
	}
}

func toldPractitioner(d *record.PractitionerDocument) *contract.Practitioner {
	told := &contract.Practitioner{Name: d.Name, Registrations: []contract.Registration{}, Safety: []contract.SafetyCertificate{}}
	for _, r := range d.Registrations {
		one := contract.Registration{
			Type: term(r.Type), No: r.No, Issuer: r.Issuer, Status: term(r.Status), IssuedOn: day(r.IssuedOn), ExpiresOn: day(r.ExpiresOn),
			Majors: []contract.RegistrationMajor{},
		}
		for _, m := range r.Majors {
			one.Majors = append(one.Majors, contract.RegistrationMajor{Major: term(m.Choice), ExpiresOn: day(m.Until)})
		}
		told.Registrations = append(told.Registrations, one)
	}
	for _, s := range d.Safety {
		told.Safety = append(told.Safety, contract.SafetyCertificate{
			Category: term(s.Category), No: s.No, Issuer: s.Issuer, IssuedOn: day(s.IssuedOn), ExpiresOn: day(s.ExpiresOn),
		})
	}
	return told
}

func toldAward(d *record.AwardDocument) *contract.Award {
	return &contract.Award{
		Name: d.Name, Level: term(d.Level), Rank: given(d.Rank), GrantedBy: d.GrantedBy, GrantedOn: day(d.GrantedOn),
		ProjectName: given(d.ProjectName), DocumentNo: given(d.DocumentNo),
	}
}

func term(c form.Choice) contract.Term { return contract.Term{Code: c.Code, Name: c.Name} }

func terms(all []form.Choice) []contract.Term {
	told := []contract.Term{}
	for _, c := range all {
		told = append(told, term(c))
	}
	return told
}

// day is a civil date, nil where there is none or what was typed is none.
func day(d form.Date) *contract.Day {
	if _, ok := d.Time(); !ok {
		return nil
	}
	text := string(d)
	return &text
}

// given is a text, nil where there is none.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
