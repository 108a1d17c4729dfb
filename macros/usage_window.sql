{#- Where a person stands between a delivery and what one asks after it has been used: `not
    delivered`, `too early`, `open` or `over`. The window opens `opens_after` days after the
    delivery and lasts through day `closes_after`, in whole days before as_of(). -#}
{% macro usage_window(delivered, opens_after=7, closes_after=14) -%}
    {%- if opens_after > closes_after -%}
        {{ exceptions.raise_compiler_error(
            "usage_window(): it opens after " ~ opens_after ~ " days and closes after "
            ~ closes_after ~ ". fix: let opens_after be at most closes_after"
        ) }}
    {%- endif -%}
    {%- set day = 'cast(' ~ delivered ~ ' as date)' -%}
    case
            when {{ delivered }} is null or {{ day }} > {{ activation.as_of() }}
                then 'not delivered'
            when {{ day }} > {{ activation.as_of(opens_after) }} then 'too early'
            when {{ day }} >= {{ activation.as_of(closes_after) }} then 'open'
            else 'over'
        end
{%- endmacro %}
