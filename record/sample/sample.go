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

// Shareholder returns a row of 关联人: a natural person who holds that much of the
// capital, in %.
func Shareholder(id, name, number string, share form.Decimal) record.ConnectedPerson {
	return record.ConnectedPerson{
		Key: form.Key{ID: id}, Name: name, Kind: pick(codes.PartyKinds, codes.PartyPerson),
		IDType: pick(codes.IDDocumentTypes, codes.IDDocumentResident), IDNumber: number,
		Relations: []form.Choice{pick(codes.ConnectedRelations, codes.RelationShareholder)}, Share: share, Since: "2015-04-01",
	}
}

// Affiliate returns a row of 关联人: an organization of that code, and what it is to
// the one that names it.
func Affiliate(id, name, code, relation string) record.ConnectedPerson {
	c := record.ConnectedPerson{
		Key: form.Key{ID: id}, Name: name, Kind: pick(codes.PartyKinds, codes.PartyOrganization),
		Unit: form.SubjectReference{Code: code}, Relations: []form.Choice{pick(codes.ConnectedRelations, relation)},
	}
	if relation == codes.RelationShareholder {
		c.Share = "51"
	}
	return c
}

// Member returns a row of 联合体成员.
func Member(id, name, code, role string) record.ConsortiumMember {
	return record.ConsortiumMember{
		Key: form.Key{ID: id}, Name: name, Unit: form.SubjectReference{Code: code}, Role: pick(codes.ConsortiumRoles, role), Share: "50",
	}
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

// Qualification returns a complete 单位资质 of that certificate number: two 资质类型
// of a construction enterprise.
func Qualification(number string, file form.File) *record.QualificationDocument {
	return &record.QualificationDocument{
		CertificateNo: number, Issuer: "湖南省住房和城乡建设厅", IssuerLevel: pick(codes.IssuerLevels, "province"),
		IssuedOn: "2024-03-01", ExpiresOn: "2029-02-28", Certificate: []form.File{file},
		Lines: []record.QualificationLine{
			{
				Key: form.Key{ID: "line1"}, Major: pick(codes.QualificationMajors, "1040A010"), Grade: pick(codes.QualificationGrades, "11"),
				Primary: true, ApprovedOn: "2024-03-01", Scope: "可承担高度 200 米以下的建筑工程。",
			},
			{Key: form.Key{ID: "line2"}, Major: pick(codes.QualificationMajors, "1040A020"), Grade: pick(codes.QualificationGrades, "12")},
		},
	}
}

// Performance returns a complete 单位业绩 of that project, whose manager is the
// practitioner referred to.
func Performance(project string, manager form.Reference, file form.File) *record.PerformanceDocument {
	d := &record.PerformanceDocument{
		ProjectName: project, ProjectCode: "HN2025-0117", OwnerName: "示范城市建设投资有限公司", OwnerCode: CreditCode(9001),
		ContractClass: pick(codes.ContractClasses, codes.ContractConstruction), Region: pick(codes.Regions, "430104"), Location: "示范大道 200 号",
		ContractAmount: "128000000", Currency: pick(codes.Currencies, "01"),
		AwardedOn: "2023-01-10", SignedOn: "2023-02-01", StartedOn: "2023-03-01", CompletedOn: "2025-06-30",
		Manager: manager, Contract: []form.File{file}, Completion: []form.File{file},
	}
	d.Scale.Structure, d.Scale.Area, d.Scale.Floors = "框架剪力墙", "52000.5", "-2/28"
	return d
}

// Practitioner returns a complete 执业人员 of that name and resident number, with a
// row in each tab.
func Practitioner(number, name string, file form.File) *record.PractitionerDocument {
	return &record.PractitionerDocument{
		Name: name, IDType: pick(codes.IDDocumentTypes, codes.IDDocumentResident), IDNumber: number, Mobile: "13600001234",
		Position: "项目经理", EmployedOn: "2018-07-01", Education: pick(codes.Educations, "20"),
		Rank: record.ProfessionalTitle{Level: pick(codes.TitleLevels, "senior"), Major: "建筑施工", No: "ZC2016-0042"},
		Card: []form.File{file}, Employment: []form.File{file}, TitleProof: []form.File{file},
		Registrations: []record.Registration{{
			Key: form.Key{ID: "registration1"}, Type: pick(codes.ProfessionalRegistrationTypes, "1511"), No: "湘1432016" + number[12:17],
			Majors:   []form.Term{{Choice: form.Choice{Code: "1501", Name: "建筑工程"}, Until: "2028-05-31"}},
			IssuedOn: "2016-06-01", Issuer: "住房和城乡建设部", Status: pick(codes.CertificateStatuses, codes.CertificateValid), Scan: []form.File{file},
		}},
		Awards: []record.PractitionerAward{{Key: form.Key{ID: "award1"}, Honour: honour("优秀项目经理", file)}},
		Safety: []record.SafetyCertificate{{
			Key: form.Key{ID: "safety1"}, Category: pick(codes.SafetyCategories, "021B"), No: "湘建安B" + number[11:17],
			IssuedOn: "2024-05-01", ExpiresOn: "2027-04-30", Issuer: "湖南省住房和城乡建设厅", Scan: []form.File{file},
		}},
	}
}

// Award returns a complete 获奖信息.
func Award(name string, file form.File, winners ...form.Reference) *record.AwardDocument {
	return &record.AwardDocument{Honour: honour(name, file), Winners: winners}
}

func honour(name string, file form.File) record.Honour {
	return record.Honour{
		Name: name, Level: pick(codes.AwardLevels, "province"), GrantedBy: "湖南省建筑业协会", GrantedOn: "2025-01-15",
		DocumentNo: "湘建协〔2025〕3号", Rank: "一等奖", Certificate: []form.File{file},
	}
}

// Document returns a complete document of any kind for a subject; n makes what
// must be unique so.
func Document(kind record.Kind, owner record.Subject, n int, file form.File) record.Document {
	switch kind {
	case record.OrganizationProfile:
		return Organization(owner.Code, owner.Name, file)
	case record.PersonProfile:
		return Person(owner.Code, owner.Name, file)
	case record.Qualification:
		return Qualification(fmt.Sprintf("D243%06d", n), file)
	case record.Performance:
		return Performance(fmt.Sprintf("示范家园 %d 期", n), form.Reference{ID: "p", Name: "周予安", Number: ResidentID(4000 + n)}, file)
	case record.Practitioner:
		return Practitioner(ResidentID(5000+n), fmt.Sprintf("周予安%d", n), file)
	case record.Award:
		return Award(fmt.Sprintf("芙蓉奖 %d", n), file)
	}
	return nil
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
