SELECT
  COUNT(*),
  SUM(CAST(`fingerprint` AS BIGNUMERIC)),
  SUM(
    CAST(CASE
      WHEN NOT `fingerprint` IS NULL
      THEN farm_fingerprint(to_json_string(STRUCT(`fingerprint`)))
      ELSE NULL
    END AS BIGNUMERIC)
  ),
  COALESCE(SUM(CASE WHEN `detail` = 'unidentified' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN `detail` = 'forgotten' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN `detail` = 'address-missing' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN `detail` = 'null-refused' THEN 1 ELSE 0 END), 0)
FROM (
  SELECT
    `r`.*,
    CASE
      WHEN `r`.`detail` = 'unidentified'
      THEN 'invalid'
      WHEN `r`.`detail` = 'forgotten'
      THEN 'suppressed'
      WHEN `r`.`detail` = 'address-missing'
      THEN 'invalid'
      WHEN `r`.`detail` = 'null-refused'
      THEN 'invalid'
      ELSE CAST(NULL AS STRING)
    END AS `fate`,
    CASE
      WHEN NOT `r`.`detail` IS NULL
      THEN NULL
      ELSE farm_fingerprint(
        to_json_string(
          STRUCT(
            CAST('3;bigquery 1;42b268840072c5565df8ac596c30d17b' AS STRING),
            `r`.`identity`,
            `r`.`external_key`,
            `r`.`t_email`,
            `r`.`t_plan`,
            `r`.`t_visits`
          )
        )
      )
    END AS `fingerprint`
  FROM (
    SELECT
      `r`.*,
      CASE
        WHEN `r`.`identity` IS NULL
        THEN 'unidentified'
        WHEN (
          NOT `forgotten_1`.`person` IS NULL
          OR NOT `forgotten_2`.`person` IS NULL
          OR NOT `forgotten_3`.`person` IS NULL
        )
        THEN 'forgotten'
        WHEN `r`.`external_key` IS NULL
        THEN 'address-missing'
        WHEN `r`.`t_plan` IS NULL
        THEN 'null-refused'
        ELSE CAST(NULL AS STRING)
      END AS `detail`
    FROM (
      SELECT
        CASE
          WHEN CAST(`m`.`id` AS STRING) = ''
          OR CAST(`m`.`id` AS STRING) LIKE ' %'
          OR CAST(`m`.`id` AS STRING) LIKE '% '
          THEN NULLIF(TRIM(CAST(`m`.`id` AS STRING)), '')
          ELSE CAST(`m`.`id` AS STRING)
        END AS `identity`,
        TRANSLATE(
          TRIM(
            CASE
              WHEN CAST(`m`.`email` AS STRING) = ''
              OR CAST(`m`.`email` AS STRING) LIKE ' %'
              OR CAST(`m`.`email` AS STRING) LIKE '% '
              THEN NULLIF(TRIM(CAST(`m`.`email` AS STRING)), '')
              ELSE CAST(`m`.`email` AS STRING)
            END,
            '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　'
          ),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
          'abcdefghijklmnopqrstuvwxyz'
        ) AS `external_key`,
        CASE
          WHEN CAST(`m`.`email` AS STRING) = ''
          OR CAST(`m`.`email` AS STRING) LIKE ' %'
          OR CAST(`m`.`email` AS STRING) LIKE '% '
          THEN NULLIF(TRIM(CAST(`m`.`email` AS STRING)), '')
          ELSE CAST(`m`.`email` AS STRING)
        END AS `external_id`,
        CAST(NULL AS STRING) AS `related_id`,
        CAST(NULL AS STRING) AS `reason`,
        CAST(NULL AS STRING) AS `event`,
        CAST(NULL AS DATETIME) AS `occurred_at`,
        `m`.`plan` AS `t_plan`,
        COALESCE(`m`.`visits`, 0) AS `t_visits`,
        `m`.`email` AS `t_email`,
        TO_HEX(
          MD5(
            'forgotten:salt:' || CASE
              WHEN CAST(`m`.`id` AS STRING) = ''
              OR INSTR(
                '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿',
                LEFT(CAST(`m`.`id` AS STRING), 1)
              ) > 0
              OR INSTR(
                '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿',
                RIGHT(CAST(`m`.`id` AS STRING), 1)
              ) > 0
              THEN CASE
                WHEN CAST(`m`.`id` AS STRING) LIKE '%@%'
                THEN LOWER(
                  NULLIF(
                    TRIM(CAST(`m`.`id` AS STRING), '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿'),
                    ''
                  )
                )
                ELSE NULLIF(
                  TRIM(CAST(`m`.`id` AS STRING), '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿'),
                  ''
                )
              END
              WHEN CAST(`m`.`id` AS STRING) LIKE '%@%'
              THEN LOWER(CAST(`m`.`id` AS STRING))
              ELSE CAST(`m`.`id` AS STRING)
            END
          )
        ) AS `forgotten_1`,
        TO_HEX(
          MD5(
            'forgotten:salt:' || CASE
              WHEN CAST(`m`.`email` AS STRING) = ''
              OR INSTR(
                '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿',
                LEFT(CAST(`m`.`email` AS STRING), 1)
              ) > 0
              OR INSTR(
                '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿',
                RIGHT(CAST(`m`.`email` AS STRING), 1)
              ) > 0
              THEN CASE
                WHEN CAST(`m`.`email` AS STRING) LIKE '%@%'
                THEN LOWER(
                  NULLIF(
                    TRIM(CAST(`m`.`email` AS STRING), '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿'),
                    ''
                  )
                )
                ELSE NULLIF(
                  TRIM(CAST(`m`.`email` AS STRING), '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿'),
                  ''
                )
              END
              WHEN CAST(`m`.`email` AS STRING) LIKE '%@%'
              THEN LOWER(CAST(`m`.`email` AS STRING))
              ELSE CAST(`m`.`email` AS STRING)
            END
          )
        ) AS `forgotten_2`,
        TO_HEX(
          MD5(
            'forgotten:salt:email:' || TRANSLATE(
              TRIM(
                TRIM(CAST(`m`.`email` AS STRING), '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿'),
                '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　'
              ),
              'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
              'abcdefghijklmnopqrstuvwxyz'
            )
          )
        ) AS `forgotten_3`
      FROM `shop`.`people` AS `m`
    ) AS `r`
    LEFT JOIN (
      SELECT DISTINCT
        `person`
      FROM `shop_activation`.`forgotten`
    ) AS `forgotten_1`
      ON `forgotten_1`.`person` = `r`.`forgotten_1`
    LEFT JOIN (
      SELECT DISTINCT
        `person`
      FROM `shop_activation`.`forgotten`
    ) AS `forgotten_2`
      ON `forgotten_2`.`person` = `r`.`forgotten_2`
    LEFT JOIN (
      SELECT DISTINCT
        `person`
      FROM `shop_activation`.`forgotten`
    ) AS `forgotten_3`
      ON `forgotten_3`.`person` = `r`.`forgotten_3`
  ) AS `r`
) AS `g`;

CREATE OR REPLACE TEMPORARY TABLE `activation_gone` AS
SELECT
  `n`.`identity` AS `identity`,
  CASE
    WHEN MIN(`n`.`number`) = 0
    THEN 'forgotten'
    WHEN MIN(`n`.`number`) = 1
    THEN 'forgotten'
    WHEN MIN(`n`.`number`) = 2
    THEN 'forgotten'
    ELSE CAST(NULL AS STRING)
  END AS `cause`
FROM (
  SELECT
    `c`.`identity` AS `identity`,
    0 AS `number`
  FROM `activation_candidates` AS `c`
  JOIN `shop_activation`.`snapshot_people__mailer` AS `s`
    ON `s`.`identity` = `c`.`identity`
  JOIN (
    SELECT DISTINCT
      `person`
    FROM `shop_activation`.`forgotten`
  ) AS `p`
    ON `p`.`person` = TO_HEX(
      MD5(
        'forgotten:salt:' || CASE
          WHEN `s`.`identity` = ''
          OR INSTR('\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿', LEFT(`s`.`identity`, 1)) > 0
          OR INSTR('\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿', RIGHT(`s`.`identity`, 1)) > 0
          THEN CASE
            WHEN `s`.`identity` LIKE '%@%'
            THEN LOWER(
              NULLIF(TRIM(`s`.`identity`, '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
            )
            ELSE NULLIF(TRIM(`s`.`identity`, '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
          END
          WHEN `s`.`identity` LIKE '%@%'
          THEN LOWER(`s`.`identity`)
          ELSE `s`.`identity`
        END
      )
    )
  WHERE
    NOT `c`.`is_wanted`
  UNION ALL
  SELECT
    `c`.`identity` AS `identity`,
    1 AS `number`
  FROM `activation_candidates` AS `c`
  JOIN `shop_activation`.`snapshot_people__mailer` AS `s`
    ON `s`.`identity` = `c`.`identity`
  JOIN (
    SELECT DISTINCT
      `person`
    FROM `shop_activation`.`forgotten`
  ) AS `p`
    ON `p`.`person` = TO_HEX(
      MD5(
        'forgotten:salt:' || CASE
          WHEN `s`.`external_id` = ''
          OR INSTR('\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿', LEFT(`s`.`external_id`, 1)) > 0
          OR INSTR('\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿', RIGHT(`s`.`external_id`, 1)) > 0
          THEN CASE
            WHEN `s`.`external_id` LIKE '%@%'
            THEN LOWER(
              NULLIF(TRIM(`s`.`external_id`, '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
            )
            ELSE NULLIF(TRIM(`s`.`external_id`, '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿'), '')
          END
          WHEN `s`.`external_id` LIKE '%@%'
          THEN LOWER(`s`.`external_id`)
          ELSE `s`.`external_id`
        END
      )
    )
  WHERE
    NOT `c`.`is_wanted`
  UNION ALL
  SELECT
    `c`.`identity` AS `identity`,
    2 AS `number`
  FROM `activation_candidates` AS `c`
  JOIN `shop_activation`.`snapshot_people__mailer` AS `s`
    ON `s`.`identity` = `c`.`identity`
  JOIN (
    SELECT DISTINCT
      `person`
    FROM `shop_activation`.`forgotten`
  ) AS `p`
    ON `p`.`person` = TO_HEX(
      MD5(
        'forgotten:salt:email:' || TRANSLATE(
          TRIM(
            TRIM(`s`.`external_id`, '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　﻿'),
            '\t\n\v\f\r\x1c\x1d\x1e\x1f                  　'
          ),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
          'abcdefghijklmnopqrstuvwxyz'
        )
      )
    )
  WHERE
    NOT `c`.`is_wanted`
) AS `n`
GROUP BY
  `n`.`identity`;
