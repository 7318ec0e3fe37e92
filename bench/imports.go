package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/xuri/excelize/v2"

	"unireg/config"
	"unireg/record"
	"unireg/record/sample"
	"unireg/sheet"
	"unireg/storage"
)

// importAim is how long an import of importRows rows may take.
const (
	importRows = 2000
	importAim  = time.Minute
)

// measureImport reads a sheet of practitioners, keeps its rows, confirms them,
// and prints how long each takes until all are drafts, made by the worker.
func measureImport(ctx context.Context, b *bench) error {
	settings, err := config.Load(b.portal.env, config.Portal)
	if err != nil {
		return err
	}
	db, err := storage.Open(settings.DatabaseURL.Reveal(), settings.DBConnections)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	store := storage.New(db, settings.Keyring(), settings.Policy())
	registered, err := store.Register(ctx, storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(20_000), Name: "示范导入有限公司", Password: "-",
	})
	if err != nil {
		return err
	}
	definition, _ := record.DefinitionOf(record.Practitioner)
	content, err := roll(definition)
	if err != nil {
		return err
	}
	began := time.Now()
	read, err := sheet.Read(content, definition, registered.Subject, began)
	if err != nil {
		return err
	}
	reading := time.Since(began)
	n := storage.NewImport{
		ID: storage.NewID(), Subject: registered.Subject.ID, Account: registered.Account, Kind: record.Practitioner, File: "花名册.xlsx", Rows: read.Rows,
	}
	began = time.Now()
	if err := store.SaveImport(ctx, n); err != nil {
		return err
	}
	keeping := time.Since(began)
	began = time.Now()
	by := record.Actor{Role: record.Applicant, ID: registered.Account, Assurance: record.ByPassword}
	if err := store.ConfirmImport(ctx, by, registered.Subject.ID, n.ID); err != nil {
		return err
	}
	made, err := awaitImport(ctx, store, registered.Subject.ID, n.ID)
	if err != nil {
		return err
	}
	making := time.Since(began)
	fmt.Printf("\nan import of %d rows, seconds\n", importRows)
	fmt.Printf("%-32s %6.1f\n%-32s %6.1f\n", "to read the sheet", reading.Seconds(), "to keep its rows", keeping.Seconds())
	fmt.Printf("%-32s %6.1f (aim: at most %.0f), %.0f rows a second\n", "from confirmed to all drafts", making.Seconds(), importAim.Seconds(), float64(made)/making.Seconds())
	if made != importRows {
		return fmt.Errorf("%d drafts were made of %d rows", made, importRows)
	}
	return nil
}

// roll is the template with so many people in it.
func roll(definition record.Definition) ([]byte, error) {
	var content bytes.Buffer
	if err := sheet.Template(&content, definition, time.Now()); err != nil {
		return nil, err
	}
	f, err := excelize.OpenReader(&content)
	if err != nil {
		return nil, fmt.Errorf("open the template: %w", err)
	}
	defer func() { _ = f.Close() }()
	name := f.GetSheetName(0)
	example, err := f.GetRows(name)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	for i := range importRows {
		row := append([]string{""}, example[1][1:]...)
		row[1], row[3] = fmt.Sprintf("周予安%d", i), sample.ResidentID(100_000+i)
		row[4], row[5] = "", "" // follow from the number
		if err := f.SetSheetRow(name, fmt.Sprintf("A%d", i+3), &row); err != nil {
			return nil, fmt.Errorf("fill the template in: %w", err)
		}
	}
	filled, err := f.WriteToBuffer()
	if err != nil {
		return nil, fmt.Errorf("fill the template in: %w", err)
	}
	return filled.Bytes(), nil
}

// awaitImport waits until an import has ended and returns how many drafts it made.
func awaitImport(ctx context.Context, store *storage.Store, subject, id record.ID) (made int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	for {
		i, err := store.Import(ctx, subject, id)
		if err != nil || i.State == storage.ImportEnded {
			return i.Made, err
		}
		select {
		case <-ctx.Done():
			return i.Made, fmt.Errorf("an import stands at %d drafts: %w", i.Made, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
