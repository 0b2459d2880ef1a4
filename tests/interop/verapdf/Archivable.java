import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** Validates PDFs against PDF/A-3b with veraPDF; prints one line of JSON for each: the file, the verdict, the rules broken. */
public final class Archivable {

    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        for (String file : files) {
            try (InputStream content = new FileInputStream(file);
                 PDFAParser parser = Foundries.defaultInstance().createParser(content, PDFAFlavour.PDFA_3_B);
                 PDFAValidator validator = Foundries.defaultInstance().createValidator(PDFAFlavour.PDFA_3_B, false)) {
                ValidationResult result = validator.validate(parser);
                Set<String> broken = new TreeSet<>();
                for (TestAssertion found : result.getTestAssertions()) {
                    if (found.getStatus() == TestAssertion.Status.FAILED) {
                        broken.add("ISO 19005-3 " + found.getRuleId().getClause() + "-" + found.getRuleId().getTestNumber());
                    }
                }
                System.out.println("{\"file\": \"" + Path.of(file).getFileName() + "\", \"compliant\": "
                    + result.isCompliant() + ", \"checks\": " + result.getTotalAssertions() + ", \"broken\": ["
                    + String.join(", ", broken.stream().map(rule -> "\"" + rule + "\"").toList()) + "]}");
            }
        }
    }
}
