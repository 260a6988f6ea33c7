/** Specs provoke what services warn of: among the results it would look like trouble. */
import { Logger } from '@nestjs/common';

Logger.overrideLogger(false);
