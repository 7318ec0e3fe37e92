// Package sample makes documents that pass every rule, for tests, for the
// demonstration data and for measurements. Names and numbers are invented;
// check digits are right.
package sample

import (
	"fmt"
	"time"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
)

// CreditCode returns the n-th 统一社会信用代码, n from 0 to 99,999,999: an
// enterprise registered in 长沙市.
func CreditCode(n int) string {
	return record.NewCreditCode("91", "430100", fmt.Sprintf("%08d", n))
}

// ResidentID returns the n-th 公民身份号码, n from 0 to 9,999,999: people born on
// the days from 1970-01-01 on, in 长沙市岳麓区.
func ResidentID(n int) string {
	born := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n/999)
	return record.NewResidentID("430104", born.Format("20060102"), fmt.Sprintf("%03d", 1+n%999))
}

// File returns a reference to an attachment of that id.
func File(id, name string) form.File {
	const sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	return form.File{ID: id, Name: name, Type: "application/pdf", Size: 1 << 20, SHA256: sha256}
}

// Organization returns the complete 基本信息 of an organization of that code and
// name. Its four attachments refer to file, which the caller has stored.
func Organization(code, name string, file form.File) *record.OrganizationDocument {
	d := &record.OrganizationDocument{
		LegalName: name, LegalCode: code,
		BodyType:       pick(codes.BodyTypes, "enterprise"),
		Roles:          []form.Choice{pick(codes.OrganizationRoles, "bidder"), pick(codes.OrganizationRoles, "supplier")},
		EnterpriseType: pick(codes.EnterpriseTypes, "0110"),
		Industry:       pick(codes.Industries, "47"),
		Region:         pick(codes.Regions, "430104"),
		Address:        "示范大道 100 号 6 层",
		Capital:        "12000", Currency: pick(codes.Currencies, "01"),
		FoundedOn: "2009-06-18", LicenceLongTerm: true,
		BusinessScope: "房屋建筑工程、市政公用工程施工总承包；建筑材料销售。",
		Postcode:      "410006",
		Licence:       []form.File{file}, RepresentativeCard: []form.File{file},
		AgentAuthorization: []form.File{file}, AccountConfirmation: []form.File{file},
	}
	r := &d.Representative
	r.Name, r.IDType, r.IDNumber, r.Phone, r.Title = "陈明远", pick(codes.IDDocumentTypes, codes.IDDocumentResident), ResidentID(1001), "13800006021", "董事长"
	a := &d.Agent
	a.Name, a.IDNumber, a.Mobile, a.Email, a.Address = "周予安", ResidentID(2002), "13900007788", "agent@example.com", "示范大道 100 号"
	b := &d.Account
	b.Bank, b.Branch, b.Name, b.Number = "示范银行", "示范银行岳麓支行", name, "6200000000004471"
	return d
}

// Person returns the complete 基本信息 of a natural person of that resident
// number and name.
func Person(number, name string, file form.File) *record.PersonDocument {
	d := &record.PersonDocument{
		Name: name, Region: pick(codes.Regions, "430104"), Mobile: "13700001234", Address: "示范路 1 号",
		Roles: []form.Choice{pick(codes.PersonRoles, "supplier")}, Card: []form.File{file},
	}
	d.Prefill(record.Subject{Type: record.Person, Code: number, IDType: codes.IDDocumentResident, Name: name})
	return d
}

// pick returns an entry of a table as a form stores it; a code that the table
// does not have gives a choice that the form reports.
func pick(table *codes.Table, code string) form.Choice {
	entry, ok := table.Lookup(code)
	if !ok {
		return form.Choice{Code: code}
	}
	name := entry.Name
	if table.Hierarchical() {
		name = table.FullName(code)
	}
	return form.Choice{Code: code, Name: name}
}
