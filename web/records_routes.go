package web

import (
	"net/http"

	"unireg/record"
)

// recordRoutes are what a subject does with its records.
var recordRoutes = []route{
	{method: http.MethodGet, path: "/home", who: applicant, handle: showHome},
	{method: http.MethodGet, path: "/profile", who: applicant, handle: showProfile},
	{method: http.MethodPost, path: "/profile", who: applicant, handle: startProfile},
	{method: http.MethodGet, path: "/history", who: applicant, handle: showHistory},
	{method: http.MethodGet, path: "/history/at", who: applicant, handle: showThen},
	{method: http.MethodGet, path: "/history/proof", who: applicant, handle: sendProof},

	{method: http.MethodGet, path: "/records", who: applicant, handle: listRecords},
	{method: http.MethodPost, path: "/records", who: applicant, handle: startRecord},
	{method: http.MethodGet, path: "/expiries", who: applicant, handle: showExpiries},
	{method: http.MethodGet, path: "/exports", who: applicant, takes: record.ToFile, handle: exportRecords, slow: true},
	{method: http.MethodGet, path: "/imports", who: applicant, takes: record.ToFile, handle: showImports},
	{method: http.MethodPost, path: "/imports", who: applicant, handle: uploadSheet, stream: true, slow: true},
	{method: http.MethodGet, path: "/imports/template", who: applicant, takes: record.ToFile, handle: sendTemplate},
	{method: http.MethodGet, path: "/imports/:id", who: applicant, takes: record.ToFile, handle: showImport},
	{method: http.MethodPost, path: "/imports/:id/confirm", who: applicant, handle: confirmImport},
	{method: http.MethodPost, path: "/imports/:id/discard", who: applicant, handle: discardImport},
	{method: http.MethodGet, path: "/imports/:id/returned", who: applicant, takes: record.ToFile, handle: returnSheet, slow: true},
	{method: http.MethodGet, path: "/people", who: applicant, handle: searchPeople},
	{method: http.MethodGet, path: "/records/:id", who: applicant, handle: showRecord},
	{method: http.MethodGet, path: "/records/:id/edit", who: applicant, takes: record.ToFile, handle: editRecord},
	{method: http.MethodGet, path: "/records/:id/print", who: applicant, handle: printRecord},
	{method: http.MethodPost, path: "/records/:id/draft", who: applicant, handle: saveDraft},
	{method: http.MethodPost, path: "/records/:id/check", who: applicant, handle: checkDraft},
	{method: http.MethodGet, path: "/records/:id/check", who: applicant, takes: record.ToFile, handle: checkAnswers},
	{method: http.MethodPost, path: "/records/:id/statement", who: applicant, handle: submitStatement},
	{method: http.MethodPost, path: "/records/:id/submit", who: applicant, handle: submitRecord},
	{method: http.MethodPost, path: "/records/:id/change", who: applicant, handle: changeRecord},
	{method: http.MethodPost, path: "/records/:id/withdraw", who: applicant, handle: withdrawRecord},
	{method: http.MethodPost, path: "/records/:id/discard", who: applicant, handle: discardRecord},
	{method: http.MethodPost, path: "/records/:id/void", who: applicant, handle: voidRecord},
	{method: http.MethodPost, path: "/records/:id/restore", who: applicant, handle: restoreRecord},
	{method: http.MethodPost, path: "/records/:id/release", who: applicant, handle: releaseRecord},
	{method: http.MethodGet, path: "/records/:id/confirmation", who: applicant, handle: showConfirmation},
	{method: http.MethodPost, path: "/records/:id/confirmation", who: applicant, handle: confirmProfile},
	{method: http.MethodGet, path: "/records/:id/rows/:group/:row", who: applicant, takes: record.ToFile, handle: editRow},
	{method: http.MethodPost, path: "/records/:id/rows/:group/:row", who: applicant, handle: saveRow},
	{method: http.MethodPost, path: "/records/:id/rows/:group/:row/delete", who: applicant, handle: deleteRow},
	{method: http.MethodPost, path: "/records/:id/attach", who: applicant, handle: attachFile, stream: true, slow: true},
	{method: http.MethodGet, path: "/records/:id/files", who: applicant, handle: listFileStates},
	{method: http.MethodGet, path: "/records/:id/versions/:no", who: applicant, handle: showVersion},
	{method: http.MethodGet, path: "/records/:id/versions/:no/signature", who: applicant, handle: downloadSignature},

	{method: http.MethodPost, path: "/files", who: applicant, handle: uploadFile, stream: true, slow: true},
	{method: http.MethodGet, path: "/files/:id", who: applicant, handle: showFile, slow: true},
	{method: http.MethodGet, path: "/files/:id/preview", who: applicant, handle: showPreview, slow: true},
	{method: http.MethodPost, path: "/files/:id/delete", who: applicant, handle: deleteFile},
}
