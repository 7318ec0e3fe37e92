// Package codes holds the code tables that filed documents refer to: regions,
// industries, kinds of qualification, sexes and the rest. Each table is a
// namespace ("region", "qualification_grade") of codes; a code alone means
// nothing, because authorities disagree about what, say, identity document "2"
// is. Codes are never reused and never deleted: one that went out of use keeps
// its row with the last day on which it could be chosen, so that a document
// filed years ago still shows what it said.
//
// What the product is delivered with are tab-separated files embedded from
// data/, parsed on first use. The pinyin initials in them and the whole of
// region.tsv are written by record/codes/generate, everything else by hand.
// Operators import what changed since: an Edition is the state of all tables
// after an import, and Use has every table answer from it. An edition never
// changes, and each call answers from one edition, tables above included, so
// that every method may be called from many goroutines and none of them waits.
// Two calls may meet two editions: what must agree is asked for in one call, or
// of the entries that a call returned.
package codes

import (
	"embed"
	"slices"
)

//go:generate go run ./generate

//go:embed data/*.tsv
var data embed.FS

// The tables, one per namespace. Lookup is by code; see each file's heading
// comment for the standard that its codes come from.
var (
	// Regions are the divisions of GB/T 2260: six digits, province 430000, city
	// 430100, county 430104. Depth varies, as it does on the ground: districts of
	// a municipality and counties run by a province hang directly below the
	// province, and a city without districts (441900 东莞市) is a leaf.
	Regions = newTable("region", "", nil)

	// Industries are the 20 sections (A–T) and 97 divisions (01–97) of
	// GB/T 4754-2017 with its amendment 1 of 2019.
	Industries = newTable("industry", " / ", nil)

	// EnterpriseTypes are the registration types (经济性质) of enterprises.
	EnterpriseTypes = newTable("enterprise_type", " / ", nil)

	// BodyTypes are the kinds of organization (机构类别); see BodyTypeEnterprise
	// and its neighbours.
	BodyTypes = newTable("body_type", " / ", nil)

	// OrganizationRoles and PersonRoles are the parts (主体角色) that a subject may
	// play in a trade; see RoleTenderee and its neighbours.
	OrganizationRoles = newTable("organization_role", " / ", nil)
	PersonRoles       = newTable("person_role", " / ", nil)

	// IDDocumentTypes are identity documents, coded as GA/T 517 codes them; see
	// IDDocumentResident.
	IDDocumentTypes = newTable("id_document_type", " / ", nil)

	// Genders are GB/T 2261.1: 1 male, 2 female.
	Genders = newTable("gender", " / ", nil)

	// Educations, Ethnicities (GB/T 3304) and Currencies are plain lists.
	Educations  = newTable("education", " / ", nil)
	Ethnicities = newTable("ethnicity", " / ", nil)
	Currencies  = newTable("currency", " / ", nil)

	// QualificationClasses (资质属性), QualificationSeries (序列) and
	// QualificationMajors (资质类型) are three levels of one tree: the parent of a
	// series is a class and the parent of a major is a series.
	QualificationClasses = newTable("qualification_class", " / ", nil)
	QualificationSeries  = newTable("qualification_series", " / ", QualificationClasses)
	QualificationMajors  = newTable("qualification_major", " / ", QualificationSeries)

	// QualificationGrades (等级) are common to all majors.
	QualificationGrades = newTable("qualification_grade", " / ", nil)

	// ProfessionalRegistrationTypes are the registrations (执业资格) of a
	// practitioner. ProfessionalRegistrationMajors hang below the profession,
	// which is the first two digits of the registration's code: the majors of
	// 1511 一级注册建造师 are Children("15").
	ProfessionalRegistrationTypes  = newTable("professional_registration_type", " / ", nil)
	ProfessionalRegistrationMajors = newTable("professional_registration_major", " / ", professions)
	professions                    = newTable("profession", " / ", nil)

	// PostCertificateTypes are certificates of competence for a post (岗位证书).
	// Children(PostCertificateSafety) are the three safety certificates A, B, C.
	PostCertificateTypes  = newTable("post_certificate_type", " / ", postCertificateGroups)
	postCertificateGroups = newTable("post_certificate_group", " / ", nil)

	// CertificateStatuses are the states of a practitioner's certificate.
	CertificateStatuses = newTable("certificate_status", " / ", nil)

	// SafetyCategories are the certificates of safety competence A, B and C, under
	// the codes that PostCertificateTypes has for them.
	SafetyCategories = newTable("safety_category", " / ", nil)

	// IssuerLevels, ContractClasses, AwardLevels and TitleLevels are short lists of
	// our own; see ContractConstruction and its neighbours.
	IssuerLevels    = newTable("issuer_level", " / ", nil)
	ContractClasses = newTable("contract_class", " / ", nil)
	AwardLevels     = newTable("award_level", " / ", nil)
	TitleLevels     = newTable("title_level", " / ", nil)

	// PartyKinds tell a natural person from an organization, ConnectedRelations say
	// what a connected person is to an organization, and ConsortiumRoles are the
	// parts of the members of a consortium; see PartyPerson and its neighbours.
	PartyKinds         = newTable("party_kind", " / ", nil)
	ConnectedRelations = newTable("connected_relation", " / ", nil)
	ConsortiumRoles    = newTable("consortium_role", " / ", nil)

	// constructionIDDocumentTypes is another authority's numbering of identity
	// documents, kept apart in a namespace of its own: it serves to read that
	// authority's data, never to fill in a form.
	constructionIDDocumentTypes = newTable("construction_id_document_type", " / ", nil)
)

// all is every table, in the order of Names.
var all = []*Table{
	Regions, Industries, EnterpriseTypes, BodyTypes, OrganizationRoles, PersonRoles,
	IDDocumentTypes, constructionIDDocumentTypes, Genders, Educations, Ethnicities, Currencies,
	QualificationClasses, QualificationSeries, QualificationMajors, QualificationGrades,
	professions, ProfessionalRegistrationTypes, ProfessionalRegistrationMajors,
	postCertificateGroups, PostCertificateTypes, CertificateStatuses,
	SafetyCategories, IssuerLevels, ContractClasses, AwardLevels, TitleLevels,
	PartyKinds, ConnectedRelations, ConsortiumRoles,
}

// Named returns the table of a namespace.
func Named(name string) (*Table, bool) {
	i := slices.IndexFunc(all, func(t *Table) bool { return t.name == name })
	if i < 0 {
		return nil, false
	}
	return all[i], true
}

// Names lists the namespaces, always in the same order.
func Names() []string {
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = t.name
	}
	return names
}

// Codes that rules refer to.
const (
	// Kinds of organization, in BodyTypes.
	BodyTypeEnterprise         = "enterprise"
	BodyTypeGovernment         = "government"
	BodyTypeInstitution        = "institution"
	BodyTypeSocialOrganization = "social_organization"
	BodyTypeOther              = "other"

	// Parts in a trade, in OrganizationRoles; supplier, transferee and winning
	// bidder are also in PersonRoles.
	RoleTenderee         = "tenderee"
	RoleTenderAgent      = "tender_agent"
	RoleBidder           = "bidder"
	RolePurchaser        = "purchaser"
	RoleProcurementAgent = "procurement_agent"
	RoleSupplier         = "supplier"
	RoleTransferor       = "transferor"
	RoleTransferee       = "transferee"
	RoleWinningBidder    = "winning_bidder"

	// IDDocumentResident is the resident identity card, in IDDocumentTypes: the
	// only document whose number has a structure to check.
	IDDocumentResident = "111"

	// GenderMale and GenderFemale are the codes of GB/T 2261.1, in Genders.
	GenderMale   = "1"
	GenderFemale = "2"

	// CertificateValid is a certificate that counts, in CertificateStatuses.
	CertificateValid = "1"

	// Contracts whose project has a manager who must be named, in ContractClasses.
	ContractConstruction = "construction"
	ContractSpecialist   = "specialist"
	ContractSupervision  = "supervision"

	// Kinds of party, in PartyKinds.
	PartyPerson       = "person"
	PartyOrganization = "organization"

	// What a connected person is, in ConnectedRelations: the first two for anybody,
	// those of an office for natural persons, the others for organizations.
	RelationShareholder = "shareholder"
	RelationController  = "controller"
	RelationDirector    = "director"
	RelationSupervisor  = "supervisor"
	RelationExecutive   = "executive"
	RelationSubsidiary  = "subsidiary"
	RelationManaging    = "managing"
	RelationManaged     = "managed"

	// ConsortiumLeader is the member that leads a consortium (牵头人), in
	// ConsortiumRoles.
	ConsortiumLeader = "leader"

	// PostCertificateSafety is the group of the safety certificates 021A (head of
	// the enterprise), 021B (project manager) and 021C (safety officer).
	PostCertificateSafety = "021"
)
