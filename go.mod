module unireg

go 1.26
