import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.model.InMemoryDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import eu.europa.esig.dss.jaxb.object.Message;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;

/**
 * Validates PDFs with EU DSS, offline: trust anchors are the certificates given, revocation comes from the file.
 *
 * Arguments: a file of trust anchors (PEM), then PDFs; of each, one line of JSON for each signature and timestamp.
 */
public final class Signatures {

    public static void main(String[] arguments) throws Exception {
        CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
        for (CertificateToken anchor : DSSUtils.loadCertificateFromP7c(Files.newInputStream(Path.of(arguments[0])))) {
            anchors.addCertificate(anchor);
        }
        for (int position = 1; position < arguments.length; position++) {
            validate(Path.of(arguments[position]), anchors);
        }
    }

    private static void validate(Path file, CommonTrustedCertificateSource anchors) throws Exception {
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(anchors);
        verifier.setAIASource(null);
        verifier.setOcspSource(null);
        verifier.setCrlSource(null);
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(
            new InMemoryDocument(Files.readAllBytes(file), file.getFileName().toString()));
        validator.setCertificateVerifier(verifier);
        Reports reports = validator.validateDocument();
        SimpleReport report = reports.getSimpleReport();
        String name = file.getFileName().toString();
        for (String id : report.getSignatureIdList()) {
            List<String> findings = new ArrayList<>();
            texts(report.getAdESValidationErrors(id), "error", findings);
            texts(report.getAdESValidationWarnings(id), "warning", findings);
            System.out.println(line(name, "signature",
                reports.getDiagnosticData().getSignatureById(id).getFirstFieldName(),
                report.getIndication(id), report.getSubIndication(id), report.getSignatureFormat(id), findings));
        }
        for (TimestampWrapper token : reports.getDiagnosticData().getTimestampList()) {
            if (token.getType().isDocumentTimestamp()) {
                String id = token.getId();
                List<String> findings = new ArrayList<>();
                texts(report.getAdESValidationErrors(id), "error", findings);
                texts(report.getAdESValidationWarnings(id), "warning", findings);
                System.out.println(line(name, "timestamp", null,
                    report.getIndication(id), report.getSubIndication(id), "RFC 3161", findings));
            }
        }
    }

    private static void texts(List<Message> messages, String kind, List<String> findings) {
        for (Message message : messages) {
            findings.add(kind + " " + message.getKey() + ": " + message.getValue());
        }
    }

    private static String line(String file, String kind, String field, Object indication, Object sub, Object format,
                               List<String> findings) {
        StringBuilder json = new StringBuilder("{");
        pair(json, "file", file).append(", ");
        pair(json, "kind", kind).append(", ");
        pair(json, "field", field).append(", ");
        pair(json, "indication", indication).append(", ");
        pair(json, "sub_indication", sub).append(", ");
        pair(json, "format", format).append(", \"findings\": [");
        for (int position = 0; position < findings.size(); position++) {
            json.append(position == 0 ? "" : ", ").append(quoted(findings.get(position)));
        }
        return json.append("]}").toString();
    }

    private static StringBuilder pair(StringBuilder json, String name, Object value) {
        return json.append(quoted(name)).append(": ").append(value == null ? "null" : quoted(value.toString()));
    }

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char character : text.toCharArray()) {
            if (character == '"' || character == '\\') {
                json.append('\\').append(character);
            } else if (character < ' ' || character > '~') {
                json.append(String.format("\\u%04x", (int) character));
            } else {
                json.append(character);
            }
        }
        return json.append('"').toString();
    }
}
