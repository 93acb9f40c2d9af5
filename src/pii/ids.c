/* The identifiers that we know: one row each, nothing else knows their names. `alone` holds when
 * the printed groups fit; weak checksums (one in ten or eleven numbers passes) need words nearby or
 * a field of their own. */
#include "pii/detect.h"

#define WORDS(name, ...) static const char *const name[] = { __VA_ARGS__, NULL }

WORDS(ssn, "ssn", "social security", "social", "ss", "soc sec", "ss#");
WORDS(itin, "itin", "taxpayer", "tax id", "tin", "ssn");
WORDS(ein, "ein", "fein", "employer", "tax id", "taxpayer", "irs", "tin");
WORDS(ca_sin, "sin", "social insurance", "nas");
WORDS(aadhaar, "aadhaar", "aadhar", "uidai", "uid");
WORDS(nhs, "nhs", "health service");
WORDS(pesel, "pesel");
WORDS(cpf, "cpf", "cadastro");
WORDS(cnpj, "cnpj");
WORDS(bsn, "bsn", "burgerservicenummer", "sofinummer", "citizen service");
WORDS(de_tax, "steuer", "steuer-id", "steuernummer", "steueridentifikationsnummer", "tax id",
      "idnr");
WORDS(tfn, "tfn", "tax file");
WORDS(medicare, "medicare");
WORDS(abn, "abn", "business number");
WORDS(npi, "npi", "provider", "national provider");
WORDS(aba, "aba", "routing", "rtn", "transit", "wire", "bank");
WORDS(tr, "tc", "tckn", "kimlik", "turkish", "vatandas");
WORDS(th, "thai", "citizen", "tnin", "national id", "id");
WORDS(za, "south african", "rsa id", "id number", "said", "identity number", "id");
WORDS(kr, "rrn", "resident", "jumin", "frn", "foreigner", "korean", "id");
WORDS(cn, "resident identity", "chinese id", "身份证", "身份证号", "id card", "id");
WORDS(se, "personnummer", "person number", "swedish", "pnr");
WORDS(my_number, "my number", "mynumber", "マイナンバー", "individual number");
WORDS(it_vat, "iva", "partita", "vat");
WORDS(dni, "dni", "nif", "documento", "identidad");
WORDS(nie, "nie", "extranjero");
WORDS(nino, "nino", "national insurance", "ni number", "ni no", "insurance number");
WORDS(codice, "codice fiscale", "codice", "fiscale", "cf");
WORDS(pan_in, "pan", "permanent account", "income tax");
WORDS(mbi, "mbi", "medicare", "beneficiary");
WORDS(sg, "nric", "fin", "singapore");
WORDS(fi, "hetu", "henkilötunnus", "personal identity");
WORDS(de_document, "passport", "reisepass", "ausweis", "passnummer", "personalausweis", "pass");
WORDS(de_social, "rentenversicherung", "sozialversicherung", "rvnr", "svnr", "versicherungsnummer",
      "social security");
WORDS(de_health, "krankenversicherung", "krankenkasse", "kvnr", "versichertennummer", "health");
WORDS(passport, "passport", "pasaporte", "passeport", "pass", "passaporto", "travel document");
WORDS(driver, "driver", "driver's", "drivers", "driving", "license", "licence", "dl", "permit",
      "patente", "dvla");
WORDS(voter, "voter", "epic", "election");
WORDS(it_card, "carta", "identità", "identity card", "identita");
WORDS(ph_tin, "tin", "bir", "taxpayer", "tax");
WORDS(account, "account", "acct", "a/c", "acc", "bank", "checking", "savings", "deposit", "konto",
      "account number", "sort code", "kontonummer");

#define GOV  GH_PII_GOV_ID
#define CARD GH_PII_PAYMENT_CARD

const struct gh_pii_id gh_pii_ids[] = {
	/* digits */
	{ "ssn", "999999999", "324", gh_pii_valid_ssn, 86, 56, 97, ssn, GOV },
	{ "itin", "999999999", "324", gh_pii_valid_itin, 86, 56, 97, itin, GOV },
	{ "ein", "999999999", "27", gh_pii_valid_ein, 55, 55, 95, ein, GOV },
	{ "sin", "999999999", "333", gh_pii_valid_sin, 66, 58, 97, ca_sin, GOV },
	{ "aadhaar", "999999999999", "444", gh_pii_valid_aadhaar, 80, 66, 98, aadhaar, GOV },
	{ "nhs", "9999999999", "334", gh_pii_valid_nhs, 52, 60, 97, nhs, GOV },
	{ "pesel", "99999999999", "x", gh_pii_valid_pesel, 62, 70, 97, pesel, GOV },
	{ "cpf", "99999999999", "3332", gh_pii_valid_cpf, 92, 72, 98, cpf, GOV },
	{ "cnpj", "99999999999999", "23342", gh_pii_valid_cnpj, 92, 72, 98, cnpj, GOV },
	{ "bsn", "999999999", "9", gh_pii_valid_bsn, 0, 52, 96, bsn, GOV },
	{ "de-tax-id", "99999999999", "x", gh_pii_valid_de_tax, 0, 62, 96, de_tax, GOV },
	{ "tfn", "999999999", "333", gh_pii_valid_tfn, 52, 57, 96, tfn, GOV },
	{ "au-medicare", "9999999999", "451", gh_pii_valid_medicare_au, 75, 58, 96, medicare, GOV },
	{ "abn", "99999999999", "2333", gh_pii_valid_abn, 0, 52, 90, abn, GOV },
	{ "npi", "9999999999", "x", gh_pii_valid_npi, 0, 61, 96, npi, GOV },
	{ "tr-national-id", "99999999999", "x", gh_pii_valid_tr, 60, 74, 96, tr, GOV },
	{ "th-national-id", "9999999999999", "14521", gh_pii_valid_th, 85, 71, 95, th, GOV },
	{ "za-id", "9999999999999", "x", gh_pii_valid_za, 66, 76, 96, za, GOV },
	{ "kr-rrn", "9999999999999", "67", gh_pii_valid_kr, 85, 64, 96, kr, GOV },
	{ "cn-id", "999999999999999999", "x", gh_pii_valid_cn, 92, 95, 98, cn, GOV },
	{ "personnummer", "9999999999", "64", gh_pii_valid_se, 70, 62, 96, se, GOV },
	{ "personnummer", "999999999999", "84", gh_pii_valid_se_long, 75, 72, 97, se, GOV },
	{ "my-number", "999999999999", "444", gh_pii_valid_my_number, 0, 54, 96, my_number, GOV },
	{ "it-vat", "99999999999", "x", gh_pii_valid_it_vat, 0, 52, 90, it_vat, GOV },
	{ "ph-tin", "999999999", "333", gh_pii_valid_any, 0, 0, 82, ph_tin, GOV },
	{ "ph-tin", "999999999999", "3333", gh_pii_valid_any, 0, 0, 82, ph_tin, GOV },
	{ "kr-driver", "999999999999", "2262", gh_pii_valid_any, 65, 0, 92, driver, GOV },
	{ "passport", "999999999", "9", gh_pii_valid_any, 0, 0, 90, passport, GOV },
	{ "passport", "99999999", "8", gh_pii_valid_any, 0, 0, 86, passport, GOV },
	{ "driver-license", "9999999", "7", gh_pii_valid_any, 0, 0, 86, driver, GOV },
	{ "driver-license", "99999999", "8", gh_pii_valid_any, 0, 0, 88, driver, GOV },
	{ "driver-license", "999999999", "9", gh_pii_valid_any, 0, 0, 89, driver, GOV },
	{ "driver-license", "9999999999", "x", gh_pii_valid_any, 0, 0, 88, driver, GOV },
	{ "driver-license", "9999999999", "424", gh_pii_valid_any, 0, 0, 88, driver, GOV },
	{ "aba-routing", "999999999", "9", gh_pii_valid_aba, 0, 60, 97, aba, CARD },
	{ "bank-account", "9999999", "7", gh_pii_valid_any, 0, 0, 84, account, CARD },
	{ "bank-account", "99999999", "8", gh_pii_valid_any, 0, 0, 87, account, CARD },
	{ "bank-account", "999999999", "9", gh_pii_valid_any, 0, 0, 88, account, CARD },
	{ "bank-account", "9999999999", "x", gh_pii_valid_any, 0, 0, 90, account, CARD },
	{ "bank-account", "99999999999", "x", gh_pii_valid_any, 0, 0, 90, account, CARD },
	{ "bank-account", "999999999999", "x", gh_pii_valid_any, 0, 0, 90, account, CARD },
	{ "bank-account", "99999999999999", "x", gh_pii_valid_any, 0, 0, 86, account, CARD },
	/* with letters */
	{ "dni", "99999999A", NULL, gh_pii_valid_dni, 90, 92, 97, dni, GOV },
	{ "nie", "A9999999A", NULL, gh_pii_valid_nie, 92, 94, 97, nie, GOV },
	{ "nino", "AA999999A", NULL, gh_pii_valid_nino, 88, 90, 97, nino, GOV },
	{ "codice-fiscale", "AAAAAA99A99A999A", NULL, gh_pii_valid_codice_fiscale, 95, 95, 98,
	  codice, GOV },
	{ "codice-fiscale", "AAAAAA99A99A999A", NULL, gh_pii_valid_any, 0, 0, 88, codice, GOV },
	{ "pan-in", "AAAAA9999A", NULL, gh_pii_valid_pan_in, 78, 84, 96, pan_in, GOV },
	{ "mbi", "9AX9AX9AA99", NULL, gh_pii_valid_mbi, 86, 90, 97, mbi, GOV },
	{ "uk-driver", "AAAAA999999AA9AA", NULL, gh_pii_valid_uk_driver, 80, 85, 95, driver, GOV },
	{ "sg-nric", "A9999999A", NULL, gh_pii_valid_sg, 88, 90, 97, sg, GOV },
	{ "hetu", "999999A999X", NULL, gh_pii_valid_fi, 90, 92, 97, fi, GOV },
	{ "hetu", "999999-999X", NULL, gh_pii_valid_fi, 90, 92, 97, fi, GOV },
	{ "in-voter", "AAA9999999", NULL, gh_pii_valid_any, 0, 58, 92, voter, GOV },
	{ "passport", "AA9999999", NULL, gh_pii_valid_any, 0, 54, 92, passport, GOV },
	{ "passport", "A9999999", NULL, gh_pii_valid_any, 0, 54, 92, passport, GOV },
	{ "passport", "A99999999", NULL, gh_pii_valid_any, 0, 56, 92, passport, GOV },
	{ "passport", "AAA999999", NULL, gh_pii_valid_any, 0, 56, 92, passport, GOV },
	{ "passport", "A999A9999", NULL, gh_pii_valid_any, 0, 56, 92, passport, GOV },
	{ "passport", "A9999999A", NULL, gh_pii_valid_any, 0, 0, 88, passport, GOV },
	{ "de-passport", "AXXXXXXXX9", NULL, gh_pii_valid_de_document, 0, 70, 94, de_document,
	  GOV },
	{ "de-social", "99999999A999", NULL, gh_pii_valid_de_social, 88, 90, 97, de_social, GOV },
	{ "de-health", "A999999999", NULL, gh_pii_valid_de_health, 0, 72, 96, de_health, GOV },
	{ "it-driver", "AA9999999A", NULL, gh_pii_valid_any, 0, 58, 92, driver, GOV },
	{ "it-identity-card", "AA99999AA", NULL, gh_pii_valid_any, 0, 58, 92, it_card, GOV },
	{ "it-identity-card", "AA9999999", NULL, gh_pii_valid_any, 0, 54, 92, it_card, GOV },
	{ "cn-id", "99999999999999999A", NULL, gh_pii_valid_cn, 92, 95, 98, cn, GOV },
	{ "driver-license", "A9999999", NULL, gh_pii_valid_any, 0, 0, 90, driver, GOV },
	{ "driver-license", "A99999999999", NULL, gh_pii_valid_any, 0, 0, 92, driver, GOV },
	{ "driver-license", "A999999999999", NULL, gh_pii_valid_any, 0, 0, 92, driver, GOV },
	{ "driver-license", "A99999999", NULL, gh_pii_valid_any, 0, 0, 88, driver, GOV },
	{ "driver-license", "A9999999999", NULL, gh_pii_valid_any, 0, 0, 88, driver, GOV },
	{ "driver-license", "AA999999", NULL, gh_pii_valid_any, 0, 0, 88, driver, GOV },
};
const size_t gh_pii_id_count = GH_ARRAY_LEN(gh_pii_ids);
